import { Argument, type Command, Option } from 'commander'
import { moment } from '../words.js'
import { replaceText } from './files.js'
import { CliError, type Io, type Result, usageError } from './io.js'
import { reasons } from './orgjson-facts.js'
import { configOption, loadOwnConfig } from './own-config.js'
import { withActiveFrom } from './rotate-config.js'
import { dateOf, type RotateOptions, readEditable, readInto } from './rotate-files.js'
import { retireKeys } from './rotate-retire.js'
import { startRotation } from './rotate-start.js'
import { type Rotation, refuseEarly, rotationOf, stepsOf } from './rotate-state.js'
import { addCommand, report, type Session } from './session.js'
import { columns, styleFor } from './terminal.js'

const stepNames = ['start', 'switch', 'retire'] as const
type StepName = (typeof stepNames)[number]

/** Options that belong to some of the steps. */
const stepOptions: Readonly<Partial<Record<keyof RotateOptions, readonly StepName[]>>> = {
  wait: ['start'],
  fragment: ['start'],
  keyName: ['start'],
  reason: ['retire'],
  now: ['switch', 'retire'],
}

export function addRotate(program: Command, session: Session): void {
  addCommand(program, {
    name: 'rotate',
    summary: 'change to a new key without a refused call: publish, wait, switch, retire',
    description: `Without a step it says where the rotation stands, and what comes next.

  start    makes a key under a name that was never used, which signs
           once the wait is over, and registers it; publish ORG.JSON then
  switch   happens by itself; with --now at once
  retire   takes the old key out of the configuration, and marks it as
           revoked in ORG.JSON

Partners keep what they have seen of ORG.JSON for 12 hours to 30 days: hence the wait. A partner
that does not know the new key by then gets tokens of the old one, as long as that is not retired;
auth.status() shows which.`,
    examples: [
      'orgid-bearer rotate --into org.json',
      'orgid-bearer rotate start --into org.json',
      "orgid-bearer rotate start --into org.json --wait '12 hours'",
      'orgid-bearer rotate retire --into org.json',
      'orgid-bearer rotate retire --into org.json --now --reason keyCompromise',
    ],
  })
    .addArgument(new Argument('[step]', 'what to do').choices(stepNames))
    .option(...configOption)
    .option('--into <org.json>', 'your ORG.JSON: start and retire edit it')
    .option('--wait <duration>', 'start: until the new key signs (default: 30 days)')
    .option(
      '--fragment <name>',
      'start: the name of the new key (default: the next one, such as webserver2)',
    )
    .option(
      '--key-name <name>',
      'start: of its files, <name>.pem and <name>.pub (default: its fragment, beside the key before)',
    )
    .addOption(
      new Option('--reason <reason>', 'retire: of the revocation (default: superseded)').choices(
        reasons,
      ),
    )
    .option('--now', 'switch, retire: before its time')
    .action(async (step: StepName | undefined, options: RotateOptions) => {
      report(session, options, await rotate(session.io, step, options))
    })
}

async function rotate(io: Io, step: StepName | undefined, options: RotateOptions): Promise<Result> {
  refuseMisplaced(step, options)
  const own = await loadOwnConfig(io, options)
  const rotation = rotationOf(own.configuration, io.now())
  if (step === 'start') return startRotation(io, own, rotation, options)
  if (step === 'retire') return retireKeys(io, own, rotation, options)
  if (step === 'switch') return switchKeys(io, own, rotation, options)
  return show(io, rotation, options)
}

function refuseMisplaced(step: StepName | undefined, options: RotateOptions): void {
  for (const [name, steps] of Object.entries(stepOptions)) {
    if (options[name as keyof RotateOptions] === undefined) continue
    if (step !== undefined && steps.includes(step)) continue
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    throw usageError(
      `${flag}: expected rotate ${steps.join(' or ')}, got rotate ${step ?? 'alone'}`,
    )
  }
}

function show(io: Io, rotation: Rotation, { into }: RotateOptions): Result {
  const now = io.now()
  const orgJson = into === undefined ? undefined : readInto(io, into)
  const steps = stepsOf(rotation, orgJson, now)
  const { active, next } = rotation
  const style = styleFor(io)
  const marks = { done: style.green('done'), now: style.yellow('now'), 'to do': style.dim('to do') }
  return {
    json: { signs: active.id, next: next && { id: next.id, activeFrom: next.activeFrom }, steps },
    text:
      steps.length === 0
        ? `#${active.id} signs, and no other key is there: no rotation is under way`
        : columns(steps.map(({ name, state, detail }) => [marks[state], name, detail])).join('\n'),
    notes: [nextStep(rotation, steps, into)],
  }
}

function nextStep(
  { active, next }: Rotation,
  steps: ReturnType<typeof stepsOf>,
  into = '<your ORG.JSON>',
): string {
  if (steps.length === 0) return `Next: orgid-bearer rotate start --into ${into}`
  if (steps[0]?.state !== 'done')
    return `Next: orgid-bearer register --into ${into}, and publish it`
  if (next !== undefined) {
    return `Next: nothing but to wait. #${next.id} signs from ${moment(next.activeFrom)} on`
  }
  const isNow = steps.at(-1)?.state === 'now'
  return isNow
    ? `Next: orgid-bearer rotate retire --into ${into}`
    : `Next: nothing but to wait, while #${active.id} signs`
}

function switchKeys(
  io: Io,
  { config }: Parameters<typeof startRotation>[1],
  { active, next, older }: Rotation,
  options: RotateOptions,
): Result {
  const now = io.now()
  if (next === undefined && older.length > 0) {
    return {
      json: { step: 'switch', id: active.id, changed: false },
      text: `#${active.id} signs already: nothing to do`,
    }
  }
  if (next === undefined) {
    throw new CliError(
      'ERR_ROTATION',
      `switch: expected a key whose time is to come, got none: #${active.id} signs. Begin with orgid-bearer rotate start`,
    )
  }
  if (!options.now) {
    refuseEarly('switch', next.activeFrom, now, 'It happens by itself at that time')
  }
  const { file, text } = readEditable(io, config)
  const activeFrom = dateOf(Math.floor(now))
  replaceText(io, file, withActiveFrom(text, next.id, activeFrom, file), text)
  return {
    json: { step: 'switch', id: next.id, changed: true, activeFrom, file },
    text: `${file}: #${next.id} signs from now on`,
    notes: [
      'Next: restart your processes; those that run keep the activeFrom that they began with',
      'Partners that do not know the key yet get tokens of the one before: auth.status() shows which',
    ],
  }
}
