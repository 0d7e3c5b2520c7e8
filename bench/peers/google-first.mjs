// The first header of a process with google-auth-library.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JWTAccess } from 'google-auth-library'

// To make an RSA key takes longer than all the rest
const file = join(tmpdir(), 'orgid-bearer-bench-rsa.pem')
let pem
try {
  pem = readFileSync(file, 'utf8')
} catch {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
  writeFileSync(file, pem, { mode: 0o600 })
}
const access = new JWTAccess('bench@example.iam.gserviceaccount.com', pem, 'key')
await access.getRequestHeaders('https://api.hotels.example/')
console.log(JSON.stringify({}))
process.exit()
