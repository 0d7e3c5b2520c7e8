// One cold start with many partners, in a process of its own: mints for all of them ahead of
// traffic, and writes what that took as JSON.
//
//     tsx bench/prepare-process.ts <partners> <backend or "default">
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { localSigner } from 'orgid-bearer'
import { worstGap } from './loop-gaps.js'
import { authFor, places, privateKey } from './workload.js'

const [, , count = '10000', backend = 'default'] = process.argv
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const heap = () => {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const key = localSigner(privateKey, backend === 'default' ? {} : { backend: backend as 'noble' })
const partners = places(Number(count))
const auth = authFor(partners, { key })
const before = heap()
let total = 0
const gap = await worstGap(async () => {
  const start = performance.now()
  await auth.prepare()
  total = performance.now() - start
})
const memory = (heap() - before) / partners.length

// The signatures alone, in this process, now that everything has been compiled
const input = new Uint8Array(326).fill(97)
const signatures = Math.min(partners.length, 10_000)
const start = performance.now()
for (let index = 0; index < signatures; index += 1) {
  input[0] = index
  input[1] = index >> 8
  await key.sign(input, {})
}
const signing = ((performance.now() - start) / signatures) * partners.length
const tokens = auth.status().partners.filter((partner) => partner.tokens === 1).length
console.log(JSON.stringify({ gap, total, signing, memory, tokens }))
