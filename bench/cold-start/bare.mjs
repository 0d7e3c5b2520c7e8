// Node, and nothing else.
console.log(JSON.stringify({}))
