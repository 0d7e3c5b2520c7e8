/** The key that signs 1: any will do. */
export const key = `-----BEGIN EC PRIVATE KEY-----
MC4CAQEEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBoAcGBSuBBAAK
-----END EC PRIVATE KEY-----`

export const partners = [
  { name: 'hotels', did: `did:orgid:0x${'2'.repeat(64)}`, origin: 'https://api.hotels.example' },
]
