import { orgid, picturedAuth, shortened } from './account.js'
import { arrow, box, colour, svg, text } from './svg.js'

const width = 820
const left = 24
const name = { width: 190, height: 56 }
const gap = 30

interface Step {
  readonly name: string
  readonly about: string
  /** What it is for this call. */
  readonly values: readonly string[]
}

/** How a URL becomes a header: the values are those of a real call. */
export async function call(): Promise<string> {
  const did = orgid('ab')
  const origin = 'https://api.hotels.example'
  const auth = picturedAuth([{ name: 'hotels', did, origin, scope: ['book'] }])
  const url = `${origin}/bookings?nights=2`
  const header = (await auth.authorization(url)) ?? ''
  const token = await auth.token('hotels')
  const { iss: _, aud: __, ...claims } = claimsIn(token.value)
  const further = Object.entries(claims).map(([name, value]) => `${name} ${value}`)
  const [partner] = auth.status().partners

  const steps: readonly Step[] = [
    { name: 'final URL', about: 'after every interceptor', values: [url] },
    {
      name: 'partner',
      about: 'exact origin, path prefix',
      values: [`${partner?.name}, ${shortened(partner?.did ?? '')}`],
    },
    {
      name: 'mint request',
      about: 'all of it is the cache key',
      values: [
        `issuer ${shortened(token.issuer)}, key ${partner?.keyId}`,
        `audience ${shortened(token.audience)}, scope ${token.scope?.join(' ')}`,
      ],
    },
    { name: 'token source', about: 'each asks the next', values: [] },
    {
      name: 'header',
      about: 'on this hop only',
      values: [`Authorization: ${header.replace(/\..*/, '.…')}`, `iss, aud, ${further.join(', ')}`],
    },
  ]
  return svg({
    width,
    height: steps.length * (name.height + gap) + 28,
    title: 'How a URL becomes a header',
    description:
      'The final URL decides the partner, the partner the mint request, and for that a token comes from the memory, the shared store if there is one, or the minter and its signer.',
    parts: steps.flatMap((step, index) => drawn(step, index, index < steps.length - 1)),
  })
}

function claimsIn(token: string): Record<string, unknown> {
  const [, claims = ''] = token.split('.')
  return JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
}

function drawn({ name: title, about, values }: Step, index: number, hasNext: boolean): string[] {
  const y = 28 + index * (name.height + gap)
  const middle = y + name.height / 2
  const centre = left + name.width / 2
  return [
    box({ x: left, y, ...name }, { fill: colour.paleBlue, stroke: colour.blue }),
    text(centre, middle - 10, title, { anchor: 'middle', bold: true }),
    text(centre, middle + 11, about, { anchor: 'middle', size: 12, fill: colour.quiet }),
    ...(hasNext
      ? [arrow([centre, y + name.height], [centre, y + name.height + gap - 1], colour.blue)]
      : []),
    ...values.map((value, line) =>
      text(left + name.width + 24, middle + (line - (values.length - 1) / 2) * 22, value, {
        code: true,
        size: 13,
      }),
    ),
    ...(title === 'token source' ? sources(middle) : []),
  ]
}

function sources(middle: number): string[] {
  const size = { width: 118, height: 36 }
  const step = size.width + 28
  return ['memory', 'shared store', 'minter', 'signer'].flatMap((source, index, all) => {
    const x = left + name.width + 24 + index * step
    const isOptional = source === 'shared store'
    return [
      box({ x, y: middle - size.height / 2, ...size }, { stroke: colour.blue }),
      text(x + size.width / 2, middle, source, {
        anchor: 'middle',
        ...(isOptional && { fill: colour.quiet }),
      }),
      ...(isOptional
        ? [
            text(x + size.width / 2, middle + 29, 'if there is one', {
              anchor: 'middle',
              size: 11,
              fill: colour.quiet,
            }),
          ]
        : []),
      ...(index < all.length - 1
        ? [arrow([x + size.width, middle], [x + step - 1, middle], colour.blue)]
        : []),
    ]
  })
}
