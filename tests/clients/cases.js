// Runs the case that the command line names: node FILE CASE OPTIONS-AS-JSON.
module.exports = async (cases) => {
    const [name, options] = process.argv.slice(2);
    try {
        await cases[name](JSON.parse(options));
        process.exit(0);
    } catch (error) {
        console.error(error);
        process.exit(1);
    }
};
