import axios, { type AxiosInstance } from 'axios'
import { isOrgidAuthError } from 'orgid-bearer'

/** A partner that sells rooms. Its URL is all that a call needs to get the right token. */
export interface Supplier {
  readonly name: string
  readonly url: string
  /** For how long a search waits for it. */
  readonly patienceMs: number
}

export interface Stay {
  readonly city: string
  readonly nights: number
}

/** Of a query; undefined if it does not say. */
export function readStay({ city, nights }: Readonly<Record<string, unknown>>): Stay | undefined {
  const count = Number(nights)
  if (typeof city !== 'string' || city === '' || !Number.isInteger(count) || count < 1)
    return undefined
  return { city, nights: count }
}

/** What to say then. */
export const noStay = { error: 'expected ?city=…&nights=…, a whole number of them' }

export interface Offer {
  readonly id: string
  readonly supplier: string
  readonly hotel: string
  /** For the whole stay, in cents. */
  readonly price: number
}

/** What was found, and who could not be asked. */
export interface Findings {
  readonly offers: readonly Offer[]
  readonly missing: readonly { readonly supplier: string; readonly why: string }[]
}

export interface Booking {
  readonly confirmation: string
}

/** What the service answers. */
export interface Answer<Body> {
  readonly status: number
  readonly body: Body | { readonly error: string }
}

/** The business of the service. It knows suppliers and a client, and nothing of tokens. */
export function createShop(suppliers: readonly Supplier[]) {
  const offersOf = async (http: AxiosInstance, supplier: Supplier, stay: Stay) => {
    const { name, url, patienceMs } = supplier
    // The limit is for all of it: a token, the call, and the call once more after a 401
    const { data } = await http.get<{ offers: Omit<Offer, 'supplier'>[] }>(`${url}/offers`, {
      params: stay,
      timeout: patienceMs,
    })
    return data.offers.map((offer) => ({ ...offer, supplier: name }))
  }

  return {
    /** Asks all suppliers at once. One that fails is missing, and the others are shown. */
    async search(http: AxiosInstance, stay: Stay): Promise<Findings> {
      const answers = await Promise.allSettled(
        suppliers.map((supplier) => offersOf(http, supplier, stay)),
      )
      const offers = answers.flatMap((answer) =>
        answer.status === 'fulfilled' ? answer.value : [],
      )
      const missing = suppliers.flatMap(({ name }, index) => {
        const answer = answers[index]
        return answer?.status === 'rejected'
          ? [{ supplier: name, why: reasonOf(answer.reason) }]
          : []
      })
      return { offers: offers.sort((one, other) => one.price - other.price), missing }
    },

    /** Never an error of axios', whose status a framework would take for the service's own. */
    async book(http: AxiosInstance, supplier: string, offer: string): Promise<Answer<Booking>> {
      const found = suppliers.find(({ name }) => name === supplier)
      if (found === undefined) return { status: 404, body: { error: 'no such supplier' } }
      try {
        const { data } = await http.post<Booking>(`${found.url}/bookings`, { offer })
        return { status: 201, body: data }
      } catch (error) {
        return { status: 502, body: { error: `${supplier}: ${reasonOf(error)}` } }
      }
    },
  }
}

export type Shop = ReturnType<typeof createShop>

/** For the user of the service, and for its log. Errors of axios hold requests: no more than this. */
function reasonOf(error: unknown): string {
  if (isOrgidAuthError(error)) return `no token (${error.code})`
  if (!axios.isAxiosError(error)) return 'an answer that makes no sense'
  if (error.response) return `status ${error.response.status}`
  return error.code === 'ECONNABORTED' ? 'too late' : `no answer (${error.code})`
}
