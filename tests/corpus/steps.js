'use strict';
// Grüße: 𝒳𝒴𝒵 is beyond the BMP.
const text = '𝒳𝒴𝒵'; function used(n) { return n > 1 ? n : 0; }

function never() {
  return 'never';
}

class Shop {
  constructor() {
    this.open = true;
  }
  get size() {
    return 3;
  }
  closed() { return !this.open; }
}

function loop(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (i % 2) {
      sum += i;
    } else if (i > 100) {
      sum -= i;
    }
  }
  if (sum > 1000) {
    return -1;
  }
  return sum;
  sum = 7;
}

[1, 2].map((x) => x + 1);
[].map((x) => {
  return x;
});
try {
  throw new Error(text);
} catch {
  used(2);
}
new Shop().size;
loop(10); const late = function () { return '𝒳'; };
