"""What a CPU profile and a heap snapshot have to be, beyond JSON of the right form."""


def check_profile(profile):
    nodes = {node["id"]: node for node in profile["nodes"]}
    assert len(nodes) == len(profile["nodes"])
    children = [child for node in nodes.values() for child in node.get("children", [])]
    assert len(children) == len(set(children)) == len(nodes) - 1  # a tree
    assert set(children) <= set(nodes)
    assert set(profile["samples"]) <= set(nodes)
    assert len(profile["samples"]) == len(profile["timeDeltas"]) > 0
    took = profile["endTime"] - profile["startTime"]
    assert 0 < sum(profile["timeDeltas"]) <= took * 1.01


def check_snapshot(snapshot):
    meta = snapshot["snapshot"]["meta"]
    size, edge_size = len(meta["node_fields"]), len(meta["edge_fields"])
    nodes, edges, strings = snapshot["nodes"], snapshot["edges"], snapshot["strings"]
    assert len(nodes) == snapshot["snapshot"]["node_count"] * size > 0
    assert len(edges) == snapshot["snapshot"]["edge_count"] * edge_size > 0
    assert sum(nodes[meta["node_fields"].index("edge_count")::size]) * edge_size == len(edges)
    to = edges[meta["edge_fields"].index("to_node")::edge_size]
    assert all(node % size == 0 and node < len(nodes) for node in to)
    assert all(name < len(strings) for name in nodes[meta["node_fields"].index("name")::size])


def objects_named(snapshot, name):
    """How many objects have a constructor of that name."""
    meta = snapshot["snapshot"]["meta"]
    size = len(meta["node_fields"])
    kinds = meta["node_types"][0]
    types = snapshot["nodes"][meta["node_fields"].index("type")::size]
    names = snapshot["nodes"][meta["node_fields"].index("name")::size]
    index = snapshot["strings"].index(name)
    return sum(kinds[t] == "object" and n == index for t, n in zip(types, names))
