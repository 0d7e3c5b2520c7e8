import axios, { type AxiosInstance } from 'axios'
import { startPartner, startStranger, type TestPartner } from '../../../src/testing/index.js'
import { attachAuth } from '../../../src/transports/axios.js'
import { moment, orgid, picturedAuth, publicKey } from './account.js'
import { exchange } from './exchange.js'

/** A call whose token is refused once: made, and drawn. */
export async function unauthorized(): Promise<string> {
  return onStage(async ({ hotels, http }) => {
    hotels.answer({ status: 401 })
    const { status } = await http.get(hotels.url('/offers'))
    return exchange({
      title: 'A call whose token is refused',
      participants: [{ name: 'hotels', server: hotels }],
      asked: 'GET /offers',
      got: String(status),
      between: ({ status }) =>
        status === 401 ? 'A is replaced, for every other call as well' : '',
    })
  })
}

/** A call that is redirected to another partner, and on to a stranger: made, and drawn. */
export async function redirected(): Promise<string> {
  return onStage(async ({ hotels, air, stranger, http }) => {
    hotels.redirect({ to: air.url('/offers') })
    air.redirect({ to: stranger.url('/offers') })
    const { status } = await http.get(hotels.url('/offers'))
    return exchange({
      title: 'A call that is redirected, by axios',
      participants: [
        { name: 'hotels', server: hotels },
        { name: 'air', server: air },
        { name: 'a stranger', server: stranger },
      ],
      asked: 'GET /offers',
      got: String(status),
      between: ({ status }) => (status === 302 ? 'the next URL decides' : ''),
    })
  })
}

/** Where calls go, and what makes them. */
interface Scene {
  readonly hotels: TestPartner
  readonly air: TestPartner
  readonly stranger: TestPartner
  readonly http: AxiosInstance
}

async function onStage(draw: (scene: Scene) => Promise<string>): Promise<string> {
  // Each look at the clock is later than the one before, so that requests are in order
  let looks = 0
  const now = () => {
    looks += 1
    return moment + looks / 1e6
  }
  const partner = { profile: 'older', publicKey, now } as const
  const hotels = await startPartner({ ...partner, did: orgid('ab') })
  const air = await startPartner({ ...partner, did: orgid('cd') })
  const stranger = await startStranger({ now })
  const auth = picturedAuth(
    Object.entries({ hotels, air }).map(([name, { did = '', origin }]) => ({
      ...{ name, did, origin },
      allowLoopbackHttp: true,
    })),
  )
  const http = axios.create()
  attachAuth(http, auth)
  try {
    return await draw({ hotels, air, stranger, http })
  } finally {
    await Promise.all([hotels.close(), air.close(), stranger.close()])
  }
}
