// Runs docs/tutorial.md from top to bottom, as a reader would, and compares what the terminal says
// with what the document shows. The built package is packed and installed: `npm run build` first.
// Usage: node scripts/tutorial.mjs [--update]   (--update writes what was printed into the document)
//
// Words after a block's language say what to do with it:
//   ```js file=index.mjs     is written to that file
//   ```console               each line after "$ " is run, and what follows it is what it prints
//   ```console exit=1        its commands are to end with this code. Default: 0
//   ```console background    runs on until the end of the document; is ready when it has printed a line
//   ```sh                    is not run: the installation, which is done from the packed package here
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const document = 'docs/tutorial.md'
const patience = { install: 120_000, command: 30_000 }

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'orgid-bearer-tutorial-')))
// The process groups that run, by the id of their leader
const running = new Set()
process.on('exit', () => {
  for (const pid of running) stop(pid)
  rmSync(scratch, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

// What differs from run to run, in the order in which it is replaced
const placeholders = [
  [scratch, '<folder>'],
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?: UTC|Z)/g, '<time>'],
  [/\b[\d.]+ (?:second|minute|hour)s? ago\b/g, '<duration> ago'],
  [/\bin [\d.]+ (?:second|minute|hour)s?\b/g, 'in <duration>'],
  [/\b\d+ ms\b/g, '<N> ms'],
  [/\bwithin \d+ s\b/g, 'within <N> s'],
]

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
// The tutorial's servers, which would keep this process, are stopped on exit
process.exit()

async function main(args) {
  if (args.some((arg) => arg !== '--update')) {
    throw new Error('usage: node scripts/tutorial.mjs [--update]')
  }
  if (!existsSync(join(root, 'dist/cli/main.js'))) {
    throw new Error('dist is missing: run npm run build first')
  }
  const startedAt = performance.now()
  const text = readFileSync(join(root, document), 'utf8')
  const parts = partsOf(text)
  await install()
  for (const part of parts) await run(part)
  const commands = parts.flatMap((part) => part.commands ?? [])
  const files = parts.filter(({ file }) => file !== undefined)
  if (args.includes('--update')) {
    writeFileSync(join(root, document), textOf(parts))
  } else {
    const differing = commands.filter(
      ({ shown, printed }) => shown.join('\n') !== printed.join('\n'),
    )
    for (const command of differing) console.error(`${differenceIn(command).join('\n')}\n`)
    if (differing.length > 0) {
      throw new Error(
        'What the terminal says is not what the document shows. If it is as it should be: node scripts/tutorial.mjs --update',
      )
    }
  }
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  console.log(`${document}: ${files.length} files, ${commands.length} commands, in ${seconds} s`)
}

/** The document, cut into its blocks and what is between, line by line. */
function partsOf(text) {
  const lines = text.split('\n')
  const parts = []
  for (let index = 0; index < lines.length; index += 1) {
    const place = `${document}:${index + 1}`
    const [, language, info] = /^```(\w+)(.*)$/.exec(lines[index]) ?? []
    const length = language === undefined ? 0 : lines.slice(index + 1).indexOf('```')
    if (length < 0) throw new Error(`${place}: a block without its end`)
    const body = lines.slice(index + 1, index + 1 + length)
    const words = info?.split(/\s+/).filter(Boolean) ?? []
    const file = words.find((word) => word.startsWith('file='))?.slice('file='.length)
    if (language === 'js' && file === undefined) throw new Error(`${place}: expected file=<name>`)
    if (language === 'console') {
      const exit = Number(
        words.find((word) => word.startsWith('exit='))?.slice('exit='.length) ?? 0,
      )
      const background = words.includes('background')
      const commands = commandsIn(body, index + 2).map((one) => ({ ...one, exit, background }))
      parts.push({ opening: lines[index], commands })
    } else if (file !== undefined) {
      parts.push({ lines: [lines[index], ...body, '```'], file, content: `${body.join('\n')}\n` })
    } else {
      parts.push({
        lines: language === undefined ? [lines[index]] : [lines[index], ...body, '```'],
      })
    }
    if (language !== undefined) index += length + 1
  }
  if (!parts.some(({ commands }) => commands)) throw new Error(`${document}: no commands to run`)
  return parts
}

/** A command goes on in the next line after a backslash, as in a shell. */
function commandsIn(lines, firstLine) {
  const commands = []
  let goesOn = false
  lines.forEach((line, index) => {
    const isCommand = line.startsWith('$ ')
    if (isCommand) commands.push({ line: firstLine + index, typed: [], shown: [], printed: [] })
    const command = commands.at(-1)
    if (command === undefined) throw new Error(`${document}:${firstLine}: expected "$ " first`)
    const list = isCommand || goesOn ? command.typed : command.shown
    list.push(line)
    goesOn = list === command.typed && line.endsWith('\\')
  })
  return commands
}

function textOf(parts) {
  return parts
    .flatMap(({ opening, commands, lines }) =>
      commands === undefined
        ? lines
        : [opening, ...commands.flatMap(({ typed, printed }) => [...typed, ...printed]), '```'],
    )
    .join('\n')
}

/** As `npm install orgid-bearer` does it, were this version published. */
async function install() {
  const pack = `npm pack --silent --pack-destination '${scratch}'`
  const packed = await execute(pack, { cwd: root, timeout: patience.install })
  const tarball = packed.output.trim().split('\n').at(-1)
  const steps = `npm init -y && npm install --no-audit --no-fund --prefer-offline './${tarball}'`
  const installed = packed.code === 0 && (await execute(steps, { timeout: patience.install }))
  if (installed?.code === 0) return
  throw new Error(`cannot install the package:\n${(installed || packed).output}`)
}

async function run({ file, content, commands = [] }) {
  if (file !== undefined) writeFileSync(join(scratch, file), content)
  for (const command of commands) {
    const text = command.typed.join('\n').slice('$ '.length)
    const { background, exit, line } = command
    const { code, output } = await execute(text, { background, timeout: patience.command })
    if (code !== exit) {
      throw new Error(
        `${document}:${line}: ended with ${code}, and not ${exit}: ${text}\n${output}`,
      )
    }
    const stable = placeholders.reduce((said, [from, to]) => said.replaceAll(from, to), output)
    command.printed = stable === '' ? [] : stable.replace(/\n$/, '').split('\n')
  }
}

/** Runs a command to its end; one in the background to its first line, and then its code is 0. */
function execute(command, { cwd = scratch, background = false, timeout }) {
  // exec, so that the process is the command itself; both outputs in the order of a terminal
  const script = `exec 2>&1\n${background ? 'exec ' : ''}${command}`
  const options = { cwd, env: environment(), stdio: ['ignore', 'pipe', 'inherit'], detached: true }
  const child = spawn('sh', ['-c', script], options)
  running.add(child.pid)
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => {
      stop(child.pid)
      reject(new Error(`no end after ${timeout / 1_000} s: ${command}\n${output}`))
    }, timeout)
    const settle = (code) => {
      clearTimeout(timer)
      resolve({ code, output })
    }
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
      // one that fails prints as well, and ends then
      if (background && output.endsWith('\n')) setTimeout(settle, 300, 0)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      running.delete(child.pid)
      // one in the background that ends of itself before it is ready has failed
      settle(background ? `${code ?? signal} too early` : (code ?? signal))
    })
  })
}

function stop(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** A newcomer's: no configuration of ours, and nothing of an npm that has started this script. */
function environment() {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:ORGID_|npm_(?:package|lifecycle|command|config_(?:local_)?prefix))/.test(name),
  )
  return { ...Object.fromEntries(kept), npm_config_update_notifier: 'false' }
}

/** What is shown (-) and what was printed (+), with the lines around that are the same. */
function differenceIn({ line, typed, shown, printed }) {
  const shorter = Math.min(shown.length, printed.length)
  let before = 0
  while (before < shorter && shown[before] === printed[before]) before += 1
  let after = 0
  while (after < shorter - before && shown.at(-1 - after) === printed.at(-1 - after)) after += 1
  const middle = (lines) => lines.slice(before, lines.length - after)
  return [
    `${document}:${line}`,
    ...typed.map((text) => `  ${text}`),
    ...shown.slice(0, before).map((text) => `  ${text}`),
    ...middle(shown).map((text) => `- ${text}`),
    ...middle(printed).map((text) => `+ ${text}`),
    ...shown.slice(shown.length - after).map((text) => `  ${text}`),
  ]
}
