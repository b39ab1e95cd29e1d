"""Names of the library's hand-written headers, which a domain's could meet."""

HEADERS = frozenset(
    """
    all cdp desc forward host inspector inspector_network protocol record remote report targets v8
    value
    """.split()
)

C_NAMES = frozenset(
    """
    cdp_allocator cdp_any_cb cdp_attach cdp_attach_target cdp_attach_worker cdp_bytes cdp_call
    cdp_call_async cdp_call_cb cdp_cancel cdp_child_kill cdp_child_pid cdp_child_wait cdp_close
    cdp_connect cdp_connect_pid cdp_cursor cdp_cursor_begin cdp_cursor_next cdp_emit cdp_error
    cdp_fault_cb cdp_follow cdp_follow_info cdp_follow_options cdp_free cdp_get_data cdp_har
    cdp_har_body cdp_har_content_loaded cdp_har_data cdp_har_failed cdp_har_finished
    cdp_har_free cdp_har_loaded cdp_har_new cdp_har_options cdp_har_pending cdp_har_request
    cdp_har_request_extra cdp_har_response cdp_har_response_extra cdp_har_save
    cdp_har_served_from_cache cdp_har_socket_closed cdp_har_socket_created
    cdp_har_socket_received cdp_har_socket_request cdp_har_socket_response cdp_har_socket_sent
    cdp_har_unwatch cdp_har_watch cdp_host cdp_host_connect cdp_host_data cdp_host_define
    cdp_host_define_value cdp_host_error cdp_host_exit_code cdp_host_fn cdp_host_free
    cdp_host_loop cdp_host_new cdp_host_options cdp_host_print_error cdp_host_run
    cdp_host_run_file cdp_host_run_text cdp_host_shutdown cdp_host_stop cdp_host_terminate
    cdp_host_throw cdp_host_v8 cdp_inspector cdp_inspector_add_worker cdp_inspector_close
    cdp_inspector_console cdp_inspector_console_debug cdp_inspector_console_error
    cdp_inspector_console_info cdp_inspector_console_log cdp_inspector_console_printf
    cdp_inspector_console_trace cdp_inspector_console_warn cdp_inspector_data_sent
    cdp_inspector_error cdp_inspector_flags cdp_inspector_free cdp_inspector_limits
    cdp_inspector_network_broadcast cdp_inspector_network_data_received
    cdp_inspector_network_data_sent cdp_inspector_network_loading_failed
    cdp_inspector_network_loading_finished cdp_inspector_network_request_will_be_sent
    cdp_inspector_network_resource cdp_inspector_network_response_received
    cdp_inspector_network_web_socket_closed cdp_inspector_network_web_socket_created
    cdp_inspector_network_web_socket_handshake_response_received cdp_inspector_new
    cdp_inspector_open cdp_inspector_open_on_signal cdp_inspector_options
    cdp_inspector_parse_flag cdp_inspector_parse_flag_text cdp_inspector_parse_flags
    cdp_inspector_port cdp_inspector_remove_worker cdp_inspector_sessions cdp_inspector_url
    cdp_inspector_wait_for_debugger cdp_inspector_wait_for_disconnect cdp_inspector_worker
    cdp_json cdp_keep cdp_last_error cdp_launch cdp_launch_kind cdp_launch_kind_of
    cdp_launch_options cdp_lost_cb cdp_off cdp_on cdp_on_any cdp_open_page cdp_opt_bool
    cdp_opt_int cdp_opt_num cdp_options cdp_pair cdp_pause cdp_poll cdp_post cdp_queued
    cdp_reconnect cdp_record_cb cdp_record_start cdp_record_stop cdp_remote_options
    cdp_replay_open cdp_replay_options cdp_report_check_profile cdp_report_collapsed
    cdp_report_cpu cdp_report_flame cdp_report_heap cdp_report_lcov cdp_report_lcov_options
    cdp_report_options cdp_report_pprof cdp_report_profile cdp_report_row cdp_report_snapshot
    cdp_report_snapshot_counts cdp_report_snapshot_end cdp_report_snapshot_feed
    cdp_report_snapshot_free cdp_report_snapshot_new cdp_report_snapshot_why cdp_report_source
    cdp_report_table cdp_report_top cdp_report_write cdp_request cdp_request_method
    cdp_request_session cdp_respond cdp_respond_error cdp_respond_value cdp_run cdp_s
    cdp_serve_any cdp_serve_cb cdp_session cdp_session_id cdp_set_data cdp_set_fault
    cdp_set_lost cdp_set_timeout cdp_set_trace cdp_sn cdp_status cdp_stop cdp_str cdp_str_eq
    cdp_strerror cdp_target_about cdp_target_activate cdp_target_close cdp_target_entries
    cdp_target_entry cdp_target_list cdp_target_new cdp_target_protocol cdp_target_version
    cdp_tls cdp_tls_free cdp_tls_new cdp_tls_options cdp_trace_cb cdp_unfollow cdp_unknown
    cdp_v8 cdp_v8_add_context cdp_v8_async_all_canceled cdp_v8_async_canceled
    cdp_v8_async_finished cdp_v8_async_scheduled cdp_v8_async_started cdp_v8_break_on_next
    cdp_v8_can_dispatch cdp_v8_connect cdp_v8_connect_from_thread cdp_v8_exception_revoked
    cdp_v8_exception_thrown cdp_v8_free cdp_v8_idle cdp_v8_listen cdp_v8_new cdp_v8_options
    cdp_v8_pause_on_start cdp_v8_promise_rejected cdp_v8_pump cdp_v8_remove_context cdp_v8_serve
    cdp_v8_service cdp_v8_thread_options cdp_v8_unserve cdp_v8_wait_for_debugger cdp_value
    cdp_value_at cdp_value_bool cdp_value_copy cdp_value_count cdp_value_equal
    cdp_value_from_cjson cdp_value_get cdp_value_int cdp_value_is_null cdp_value_num
    cdp_value_path cdp_value_str cdp_value_str_eq cdp_value_text cdp_value_to_cjson
    cdp_value_type cdp_value_typeof cdp_wire
    CDP_AUTO CDP_CBOR CDP_CDP_H CDP_DEPRECATED CDP_DESC_H CDP_DESC_VERSION CDP_ECANCELED
    CDP_ECLOSED CDP_EDECODE CDP_EINVAL CDP_EIO CDP_ENOMEM CDP_ENOTSUP CDP_EPROTO CDP_EREMOTE
    CDP_ESTATE CDP_ETIMEDOUT CDP_ETOOBIG CDP_FALLTHROUGH CDP_HOST_H CDP_INSPECTOR_H
    CDP_INSPECTOR_NETWORK_H CDP_INTERNAL_ERROR CDP_INVALID_PARAMS CDP_INVALID_REQUEST CDP_ITEMS
    CDP_JSON CDP_LAUNCH_AUTO CDP_LAUNCH_CHROMIUM CDP_LAUNCH_NODE CDP_LIST CDP_METHOD_NOT_FOUND
    CDP_NO_DEPRECATED CDP_NO_TIMEOUT CDP_OK CDP_PARSE_ERROR CDP_PROTOCOL_ID CDP_PUBLISH_HTTP
    CDP_PUBLISH_NOWHERE CDP_PUBLISH_STDERR CDP_RECORD_H CDP_REMOTE_H CDP_REPORT_H
    CDP_SERVER_ERROR CDP_SESSION_NOT_FOUND CDP_SOME CDP_STATUS_MAP CDP_STUB CDP_TARGETS_H
    CDP_V8_H CDP_VALUE_ABSENT CDP_VALUE_ARRAY CDP_VALUE_BOOL CDP_VALUE_H CDP_VALUE_NULL
    CDP_VALUE_NUMBER CDP_VALUE_OBJECT CDP_VALUE_STRING CDP_VERSION_MAJOR CDP_VERSION_MINOR
    CDP_VERSION_PATCH
    """.split()
)
