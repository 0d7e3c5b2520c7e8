// Breaks the built package in one place, and requires of the soak that it says so: exit status 1,
// for the reason that this defect must have. Afterwards the same copy, unbroken, must pass.
// Usage: node scripts/soak/broken.mjs [name of a defect | sound]...   (default: all; after `npm run build`)
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Minutes of soak: to see a defect, and to see enough of what is sound. */
const minutes = { broken: '0.2', sound: '0.5' }
const limitMs = 240_000
/** Where all of what is broken is, once it is built. */
const built = 'dist/shared/core.js'

/** `expected` is what the account must say: the name of an offence, and what its example says. */
const defects = {
  'strangers-at-the-same-host': {
    from: 'const first = routesOf(url);',
    to: `const hostOf = (origin) => origin.replace(/:\\d+$/, '');
      const host = hostOf(url.split('/', 3).join('/'));
      const first = [...byOrigin].find(([origin]) => hostOf(origin) === host)?.[1];`,
    expected: /x leaked to a stranger, .*(?:weather|news) saw an Authorization header/,
  },
  'token-kept-on-redirects': {
    from: 'if (call.sent) dropAuthorization(options.headers);',
    to: '',
    expected: /x misdirected, .*axios, .*outside saw an Authorization header/,
  },
  'sent-without-a-token': {
    from: 'return waitWithin(authorization, call).then(',
    to: 'return waitWithin(authorization, call).catch(() => undefined).then(',
    expected: /x unauthenticated, .*axios, .*without a token/,
  },
  'served-past-the-end': {
    from: 'entry !== void 0 && isUsableAt(entry, now) && clock.monotonic() < entry.deadline',
    to: 'entry !== void 0 && !entry.revoked',
    expected: /x overaged, /,
  },
  '401-not-repeated': {
    from: 'return response?.status === 401;',
    to: 'return false;',
    expected: /x not repeated, .*axios/,
  },
  'streams-repeated': {
    from: 'return typeof body !== "object" ||',
    to: 'return true ||',
    expected: /x (?:repeated|unexpected end), .*POST of a stream .*401 to a stream/,
  },
  'claims-not-in-the-cache-key': {
    from: 'parts.claims ?? null',
    to: '',
    expected: /x misdirected, .*saw a token with other options/,
  },
  'tokens-never-let-go': {
    from: 'entries.set(request.key, entryOf(request, token, started));',
    to: `(globalThis.kept ??= []).push(Array(4_000).fill(started.now));
      entries.set(request.key, entryOf(request, token, started));`,
    expected: /x growth of memory, /,
  },
}

/** A copy of the package as it is built, and of the soak, with one defect in it or none. */
function copyWith(folder, defect) {
  mkdirSync(folder)
  for (const path of ['dist', 'package.json', 'tsconfig.base.json', 'scripts/soak']) {
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  if (defect === undefined) return
  const file = join(folder, built)
  const parts = readFileSync(file, 'utf8').split(defect.from)
  if (parts.length !== 2) {
    throw new Error(`${built}: expected once, found ${parts.length - 1} times: ${defect.from}`)
  }
  writeFileSync(file, parts.join(defect.to))
}

function soak(folder, time) {
  const { status, signal, stdout, error } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'scripts/soak/main.ts', '--minutes', time, '--seed', '1'],
    {
      cwd: folder,
      env: { ...process.env, TSX_TSCONFIG_PATH: join(folder, 'tsconfig.base.json') },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: limitMs,
    },
  )
  return { status: status ?? signal ?? error?.message, lines: (stdout ?? '').split('\n') }
}

/** @returns whether the soak said what it must say. */
function isFound(name, scratch) {
  const defect = defects[name]
  if (defect === undefined && name !== 'sound') {
    throw new Error(`expected one of ${[...Object.keys(defects), 'sound'].join(', ')}, got ${name}`)
  }
  const folder = join(scratch, name)
  copyWith(folder, defect)
  const startedAt = performance.now()
  const { status, lines } = soak(folder, defect ? minutes.broken : minutes.sound)
  const took = `${((performance.now() - startedAt) / 1_000).toFixed(0)} s`
  const from = lines.indexOf('WRONG') + 1
  const wrong = from > 0 ? lines.slice(from).filter((line) => line !== '') : []
  // The copy is what must have been soaked, and not the sources
  const isCopy = lines[0]?.includes(join(name, 'dist')) === true
  const evidence = defect && wrong.find((line) => defect.expected.test(line))
  const holds = isCopy && (defect ? status === 1 && evidence !== undefined : status === 0)
  console.log(`${holds ? 'as it must be' : 'NOT FOUND'}  ${name}: exit status ${status}, ${took}`)
  if (holds) console.log(evidence?.trimStart() ?? '')
  else console.log(lines.join('\n'))
  return holds
}

const names = process.argv.length > 2 ? process.argv.slice(2) : [...Object.keys(defects), 'sound']
const scratch = mkdtempSync(join(tmpdir(), 'orgid-bearer-soak-'))
try {
  const missed = names.filter((name) => !isFound(name, scratch))
  console.log(`${names.length - missed.length} of ${names.length} as they must be`)
  if (missed.length > 0) process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
