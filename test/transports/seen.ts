import type { RecordedRequest, TestPartner } from '../../src/testing/index.js'

/** The city that a call asked for, in its query or its JSON. */
function cityOf({ url, text }: RecordedRequest): string | undefined {
  const inQuery = new URL(url, 'http://partner').searchParams.get('city')
  return inQuery ?? (text === '' ? undefined : JSON.parse(text).city)
}

/** Of each request that a server has seen the city, and some claims of the token. */
export function citiesAndClaims(server: TestPartner, names: readonly string[]): unknown[][] {
  return server.requests.map((request) => [
    cityOf(request),
    ...names.map((name) => request.claims?.[name]),
  ])
}
