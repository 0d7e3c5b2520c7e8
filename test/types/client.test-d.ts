import { expectTypeOf } from 'vitest'
import type { OrgidAuth } from '../../src/index.js'
import { wrapClient } from '../../src/transports/client.js'

declare const auth: OrgidAuth

class HotelsClient {
  readonly #origin = 'https://api.hotels.example'
  readonly bookings = { create: (hotel: string): Promise<number> => Promise.resolve(hotel.length) }
  get origin(): string {
    return this.#origin
  }
  async *pages(): AsyncGenerator<readonly string[], void, undefined> {}
  find<T>(hotel: T): T {
    return hotel
  }
}

const hotels = wrapClient(new HotelsClient(), auth, { partner: 'hotels', scope: ['read'] })
expectTypeOf(hotels).toEqualTypeOf<HotelsClient>()
expectTypeOf(hotels.bookings.create).parameters.toEqualTypeOf<[string]>()
expectTypeOf(hotels.pages()).toEqualTypeOf<AsyncGenerator<readonly string[], void, undefined>>()
expectTypeOf(hotels.find(42 as const)).toEqualTypeOf<42>()
// @ts-expect-error no such method
hotels.cancel()

const Wrapped = wrapClient(HotelsClient, auth, { partner: 'hotels' })
expectTypeOf(new Wrapped()).toEqualTypeOf<HotelsClient>()

const call = wrapClient((url: URL) => url.href, auth, { skip: true })
expectTypeOf(call).toEqualTypeOf<(url: URL) => string>()

// @ts-expect-error a primitive has no methods of its own
wrapClient('https://api.hotels.example', auth, {})
// @ts-expect-error options are needed
wrapClient(new HotelsClient(), auth)
// @ts-expect-error no such option
wrapClient(new HotelsClient(), auth, { partners: 'hotels' })
// @ts-expect-error a scope is a string or strings
wrapClient(new HotelsClient(), auth, { partner: 'hotels', scope: 1 })
