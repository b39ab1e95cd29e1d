// A program to look at with a profiler: a small library catalogue that is generated, indexed,
// searched and ranked.  It computes (ranking, primes, fractals), allocates (records, an index,
// a cache that keeps things alive) and logs.
'use strict';

// ---- data --------------------------------------------------------------

const WORDS = ('river mountain garden winter letter window silver shadow island harbour lantern ' +
  'engine paper thunder orchard violin compass forest mirror bridge desert captain kitchen ' +
  'meadow signal copper library journey market temple valley castle feather').split(' ');

class Random { // xorshift32: the same books each time
  constructor(seed) { this.state = seed; }
  next(n) {
    let x = this.state;
    x ^= x << 13; x ^= x >>> 17; x ^= x << 5;
    this.state = x >>> 0;
    return this.state % n;
  }
}

class Book {
  constructor(id, random) {
    this.id = id;
    this.title = `The ${WORDS[random.next(WORDS.length)]} of ${WORDS[random.next(WORDS.length)]}`;
    this.year = 1850 + random.next(170);
    this.words = Array.from({ length: 60 }, () => WORDS[random.next(WORDS.length)]);
  }
}

function makeCatalogue(n) {
  const random = new Random(2463534242);
  const books = [];
  for (let i = 0; i < n; i++) books.push(new Book(i, random));
  return books;
}

// ---- index and search --------------------------------------------------

class Index {
  constructor() { this.postings = new Map(); }

  add(book) {
    const counts = new Map();
    for (const w of book.words) counts.set(w, (counts.get(w) || 0) + 1);
    for (const [word, count] of counts) {
      let list = this.postings.get(word);
      if (!list) this.postings.set(word, list = []);
      list.push({ book, count });
    }
  }

  search(query) {
    const scores = new Map();
    for (const word of query.split(' ')) {
      const list = this.postings.get(word) || [];
      const weight = Math.log(1 + 2000 / (1 + list.length));
      for (const { book, count } of list)
        scores.set(book, (scores.get(book) || 0) + weight * count / (count + 1.2));
    }
    return rank(scores);
  }
}

function rank(scores) {
  return [...scores].sort((a, b) => b[1] - a[1] || a[0].id - b[0].id).slice(0, 10);
}

class Cache { // keeps the last results alive, for the heap snapshot to find
  constructor(size) { this.size = size; this.map = new Map(); }
  get(key, make) {
    let value = this.map.get(key);
    if (value === undefined) {
      value = make(key);
      if (this.map.size >= this.size) this.map.delete(this.map.keys().next().value);
    } else {
      this.map.delete(key);
    }
    this.map.set(key, value);
    return value;
  }
}

// ---- plain computing ---------------------------------------------------

function sieve(n) {
  const composite = new Uint8Array(n + 1);
  let count = 0;
  for (let i = 2; i <= n; i++) {
    if (composite[i]) continue;
    count++;
    for (let j = i * i; j <= n; j += i) composite[j] = 1;
  }
  return count;
}

function mandelbrot(size) {
  let inside = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const cr = 3 * x / size - 2, ci = 2 * y / size - 1;
      let zr = 0, zi = 0, i = 0;
      for (; i < 100 && zr * zr + zi * zi < 4; i++) [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
      if (i === 100) inside++;
    }
  }
  return inside;
}

function fibonacci(n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

function neverCalled() { return 'coverage shows this'; }

// ---- the program -------------------------------------------------------

const state = { books: [], index: new Index(), cache: new Cache(64), rounds: 0 };

function round() {
  for (let i = 0; i < 40; i++) {
    const query = `${WORDS[(state.rounds * 7 + i) % WORDS.length]} ${WORDS[i * 5 % WORDS.length]}`;
    state.cache.get(query, (q) => state.index.search(q));
  }
  state.rounds++;
}

function start() {
  state.books = makeCatalogue(2000);
  for (const book of state.books) state.index.add(book);
  console.log('catalogue of %d books, %d words indexed', state.books.length, state.index.postings.size);
}

function run(rounds) {
  for (let i = 0; i < rounds; i++) round();
  const result = { primes: sieve(400000), inside: mandelbrot(160), fib: fibonacci(25), rounds: state.rounds };
  console.info('done:', result);
  return result;
}

async function later() {
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.warn('a timer went off');
  return state.books[42].title;
}

start();
