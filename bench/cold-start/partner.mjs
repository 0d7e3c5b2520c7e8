/** A key for measurements alone: 32 bytes of 1. */
export const key = `-----BEGIN EC PRIVATE KEY-----
MC4CAQEEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBoAcGBSuBBAAK
-----END EC PRIVATE KEY-----`

export const partners = [
  { name: 'hotels', did: `did:orgid:0x${'2'.repeat(64)}`, origin: 'https://api.hotels.example' },
]
