import { freshShare, guard } from '../../../src/tokens/life.js'
import { arrow, box, colour, line, round, svg, text } from './svg.js'

const left = 40
const width = 820
const scale = width - 2 * left

/** The life of a token of an hour and of a minute, by the numbers that the cache goes by. */
export function life(): string {
  return svg({
    width,
    height: 400,
    title: 'The life of a token',
    description: `A token of one hour is fresh until a point between ${share(0)} and ${share(1)} of its life, is then served while one successor is minted behind it, and is served no more in the last ${guard(3_600)} seconds. Of one minute, the last ${guard(60)} seconds are the guard.`,
    parts: [
      `<defs><linearGradient id="drawn"><stop stop-color="${colour.paleBlue}"/><stop offset="1" stop-color="${colour.paleAmber}"/></linearGradient></defs>`,
      ...bar({ top: 96, lifetime: 3_600, unit: 'min', divisor: 60, step: 600, detailed: true }),
      ...bar({ top: 320, lifetime: 60, unit: 's', divisor: 1, step: 10, detailed: false }),
    ],
  })
}

interface Bar {
  readonly top: number
  /** Seconds, as is `step`. */
  readonly lifetime: number
  readonly step: number
  readonly unit: string
  /** Seconds in a unit. */
  readonly divisor: number
  readonly detailed: boolean
}

function bar({ top, lifetime, step, unit, divisor, detailed }: Bar): string[] {
  const at = (seconds: number) => left + (seconds / lifetime) * scale
  const earliest = freshShare(() => 0) * lifetime
  const latest = freshShare(() => 1) * lifetime
  const end = lifetime - guard(lifetime)
  const tall = 44
  const bottom = top + tall
  const part = (from: number, to: number, fill: string, stroke: string) =>
    box(
      { x: at(from), y: top, width: at(to) - at(from), height: tall },
      { fill, stroke, radius: 2 },
    )
  const middle = top + tall / 2

  const ticks = Array.from({ length: lifetime / step + 1 }, (_, index) => index * step)
  return [
    text(left, detailed ? 28 : top - 22, `lifetime ${lifetime / divisor} ${unit}`, { bold: true }),
    part(0, earliest, colour.paleBlue, colour.blue),
    part(earliest, latest, 'url(#drawn)', colour.amber),
    part(latest, end, colour.paleAmber, colour.amber),
    part(end, lifetime, colour.paleRed, colour.red),
    text(at(earliest / 2), middle, 'fresh: the token, at once', { anchor: 'middle' }),
    text(at((earliest + latest) / 2), middle, 'fresh until', { anchor: 'middle', size: 12 }),
    text(at((latest + end) / 2), middle, detailed ? 'not fresh' : '', {
      anchor: 'middle',
      size: 12,
    }),
    ...ticks.flatMap((seconds) => [
      line([at(seconds), bottom], [at(seconds), bottom + 6]),
      text(at(seconds), bottom + 17, `${seconds / divisor}`, label('middle')),
    ]),
    text(at(lifetime) + 12, bottom + 17, unit, label('start')),
    ...(detailed ? notes({ at, top, bottom, earliest, latest, end, lifetime }) : shortNotes()),
  ]

  function shortNotes(): string[] {
    const note = `guard: the last ${round(guard(lifetime))} ${unit}`
    return [text(at(lifetime), top - 12, note, { ...label('end'), fill: colour.red })]
  }
}

interface Notes {
  readonly at: (seconds: number) => number
  readonly top: number
  readonly bottom: number
  readonly earliest: number
  readonly latest: number
  readonly end: number
  readonly lifetime: number
}

function notes({ at, top, bottom, earliest, latest, end, lifetime }: Notes): string[] {
  const below = bottom + 52
  return [
    arrow([at(0), top - 26], [at(0), top - 2], colour.blue),
    text(at(0), top - 36, 'issued', label('start')),
    line([at(earliest), top - 26], [at(latest), top - 26], colour.amber),
    line([at(earliest), top - 26], [at(earliest), top], colour.amber, '2 3'),
    line([at(latest), top - 26], [at(latest), top], colour.amber, '2 3'),
    text(at(latest), top - 36, `${share(0)} to ${share(1)}, drawn for each token`, label('end')),
    arrow([at(lifetime), top - 26], [at(lifetime), top - 2], colour.red),
    text(at(lifetime), top - 36, 'exp', label('end')),
    text(at(0), below, `up to ${minutes(earliest)} to ${minutes(latest)} min`, {
      size: 12,
      bold: true,
    }),
    text(
      at(0) + 180,
      below,
      'a call gets the token from memory, without a promise',
      label('start'),
    ),
    text(at(0), below + 24, `then up to ${minutes(end)} min`, { size: 12, bold: true }),
    text(
      at(0) + 180,
      below + 24,
      'a call gets the same token at once, and one successor is minted behind it',
      label('start'),
    ),
    text(at(0), below + 48, `the last ${guard(lifetime)} s: guard`, {
      size: 12,
      bold: true,
      fill: colour.red,
    }),
    text(
      at(0) + 180,
      below + 48,
      'a call waits for a new token, since this one might expire on its way',
      label('start'),
    ),
  ]
}

function label(anchor: 'start' | 'middle' | 'end') {
  return { anchor, size: 12, fill: colour.quiet } as const
}

const minutes = (seconds: number): number => round(seconds / 60)

const share = (random: number): string => `${Math.round(freshShare(() => random) * 100)} %`
