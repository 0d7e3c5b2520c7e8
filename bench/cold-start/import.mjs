import 'orgid-bearer'

console.log(JSON.stringify({}))
