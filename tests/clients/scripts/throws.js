// Throws twice: what is caught, and what ends the program.
function check(value) {
    if (typeof value !== 'number') {
        throw new TypeError('no number');
    }
}

try {
    check('7');
} catch (error) {
    console.log('caught', error.message);
}
check({ a: 7 });
