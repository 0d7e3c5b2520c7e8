import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The system's own Python, which is the one that Debian's packages are installed for. */
export const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

/** Isolated (-I), so that neither the environment nor a user's own packages change a result. */
export const pythonArgs = ['-I', '-B']

/**
 * Whether tests have to be skipped because a tool of other makers is missing, and says so. In CI
 * nothing is skipped: there a missing tool is a failure.
 */
function isMissing(tool: string, probe: readonly string[], install: string): boolean {
  const [command = '', ...args] = probe
  const { status } = spawnSync(command, args, { stdio: 'ignore' })
  if (status === 0) return false
  const reason = `${tool} is missing, so its tests do not run. Install it: ${install}`
  if (process.env.CI) throw new Error(reason)
  console.warn(reason)
  return true
}

export const opensslIsMissing = () =>
  isMissing('the openssl command', ['openssl', 'version'], 'apt-get install openssl')

export const redisIsMissing = () =>
  isMissing('redis-server', ['redis-server', '--version'], 'apt-get install redis-server')

export const softHsmIsMissing = () =>
  isMissing('SoftHSM', ['softhsm2-util', '--version'], 'apt-get install softhsm2') ||
  isMissing(
    'pkcs11js',
    [process.execPath, '-e', 'require(process.argv[1])', pkcs11js],
    'npm ci --prefix test/signers/pkcs11, which takes a C++ compiler',
  )

/** Apart from the other development dependencies, since it is compiled when it is installed. */
export const pkcs11js = fileURLToPath(
  new URL('./signers/pkcs11/node_modules/pkcs11js', import.meta.url),
)

/** @param modules their names in Python, as installed by `python3-ecdsa` and `python3-jwt`. */
export const pythonIsMissing = (...modules: readonly ('ecdsa' | 'jwt')[]) =>
  isMissing(
    `Python 3 with ${modules.join(' and ')}`,
    [python, ...pythonArgs, '-c', `import ${modules.join(', ')}`],
    `apt-get install ${modules.map((name) => `python3-${name}`).join(' ')}`,
  )

/** Debian's Chromium; CHROMIUM names another. */
export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium'

export const chromiumIsMissing = () =>
  isMissing('Chromium', [chromiumPath, '--version'], 'apt-get install chromium')
