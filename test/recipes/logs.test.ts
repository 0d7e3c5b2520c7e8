import { Console } from 'node:console'
import { Writable } from 'node:stream'
import axios from 'axios'
import { createOrgidAuth } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { startPartner } from 'orgid-bearer/testing'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Log, logTo } from '../../examples/recipes/logs.js'
import { secretParts } from '../secrets.js'
import { did, newKey } from '../support.js'

function sink() {
  let text = ''
  const stream = new Writable({
    write: (chunk, _, done) => {
      text += chunk
      done()
    },
  })
  return { stream, text: () => text }
}

const logs: Record<string, (stream: Writable) => Log> = {
  pino: (stream) => pino(stream),
  console: (stream) => {
    const { info, warn } = new Console(stream)
    return {
      info: (facts, message) => info(message, facts),
      warn: (facts, message) => warn(message, facts),
    }
  },
}

describe.each(Object.entries(logs))('the log recipe with %s', (_, logOf) => {
  it('tells of a 401, its clock and the refresh after it, and shows no token', async () => {
    const { pem } = newKey()
    const stranger = newKey()
    const partner = await startPartner({
      did: did('b'),
      profile: 'older',
      publicKey: stranger.publicKey,
    })
    partner.clockSkew = 7_200
    onTestFinished(() => partner.close())
    const { stream, text } = sink()
    onTestFinished(logTo(logOf(stream)))
    const { origin } = partner
    const auth = createOrgidAuth({
      issuer: `${did('a')}#webserver`,
      key: pem,
      strict: true,
      partners: [{ name: 'hotels', did: did('b'), origin, allowLoopbackHttp: true }],
    })
    const http = axios.create({ validateStatus: null })
    attachAuth(http, auth)
    await http.get(partner.url('/offers'))
    await http.get('https://stranger.example').catch(() => {})

    const logged = text()
    for (const words of ['a partner answered 401', 'clock differs', 'ERR_UNKNOWN_PARTNER']) {
      expect(logged).toContain(words)
    }
    expect(partner.tokens.length).toBeGreaterThan(1)
    const secrets = [...partner.tokens.flatMap(secretParts), pem.split('\n')[1] as string]
    expect(secrets.filter((secret) => logged.includes(secret))).toEqual([])
  })
})
