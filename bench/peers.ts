import { existsSync } from 'node:fs'

/** A module in `bench/peers`, which has packages of its own to load. */
export async function loadPeers<T>(name: string): Promise<T> {
  if (!existsSync(new URL('./peers/node_modules', import.meta.url))) {
    throw new Error('the libraries to compare with are missing; run: npm ci --prefix bench/peers')
  }
  return (await import(new URL(`./peers/${name}`, import.meta.url).href)) as T
}
