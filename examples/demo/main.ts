// The demo: `npm run demo`, and `npm run demo -- --help` for what else it can do.
import { parseArgs } from 'node:util'
import { isOrgidAuthError } from 'orgid-bearer'
import { account } from './account.js'
import { makeKey } from './key.js'
import { InputError, readOwnConfig, tryOwnConfig } from './own-config.js'
import { signingMs } from './signer.js'
import { bold, dim, green, heading, print, red } from './terminal.js'
import { lifetimes, runTraffic, seconds } from './traffic.js'

const usage = `Usage:
  npm run demo
      A Koa service calls two partners and a stranger for ${seconds} seconds, past several token
      lifetimes. Then the books are checked: the partners' records against the service's.

  npm run demo -- --config orgid.json --key secp256k1.pem
      Your own configuration and private key. For each of your partners a double on loopback
      says what the partner would say. No request leaves this machine.

Options:
  --config <file>   JSON: { "issuer": "did:orgid:0x…#webserver", "partners": [{ "name", "did", "origin", … }] },
                    as createOrgidAuth takes it
  --key <file>      the private key: PEM, JWK or hex. If it is encrypted, its passphrase is read
                    from the environment variable ORGID_KEY_PASSPHRASE
  --help            this text

Exit status: 0 if every call was accepted and every number adds up, 1 otherwise.`

async function demo(): Promise<boolean> {
  const key = makeKey()
  heading('orgid-bearer, configured once')
  print(`  key        made by ${key.madeBy}`)
  print(`  signer     takes ${signingMs} ms a signature, as a key service would`)
  print('  service    Koa, calls all three with one axios instance, and mentions no token')
  print(`  hotels     an older partner, DID without chain, tokens of ${lifetimes.hotels} s`)
  print(`  air        a current partner, DID with chain, tokens of ${lifetimes.air} s`)
  print('  weather    a stranger, no partner of ours')

  heading(`Sending traffic for ${seconds} s`)
  const run = await runTraffic(key.pem, ({ second, seen }) => {
    const counts = seen.map(([name, calls]) => `${name} ${String(calls).padStart(4)}`)
    print(`  ${dim(`${String(second).padStart(2)} s`)}   ${counts.join('   ')}`)
  })
  const holds = account(run)
  print()
  print(
    holds
      ? bold(green('Nothing refused, nothing leaked, and it all adds up.'))
      : bold(red('Something is wrong: see ✗ above.')),
  )
  return holds
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      key: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    print(usage)
    return true
  }
  const { config, key } = values
  if (config === undefined && key === undefined) return demo()
  if (config === undefined || key === undefined) {
    throw new InputError(
      '--config and --key go together: a configuration, and the key it signs with',
    )
  }
  return tryOwnConfig(readOwnConfig(config, key))
}

/** Whether an error is about what the user gave: its message is all that the user needs. */
function isUsersOwn(error: unknown): error is Error {
  if (isOrgidAuthError(error) || error instanceof InputError) return true
  return String((error as { code?: unknown } | null)?.code).startsWith('ERR_PARSE_ARGS')
}

try {
  if (!(await main())) process.exitCode = 1
} catch (error) {
  if (!isUsersOwn(error)) throw error
  const code = isOrgidAuthError(error) ? `${error.code}  ` : ''
  console.error(`${code}${error.message}`)
  process.exitCode = 1
}
