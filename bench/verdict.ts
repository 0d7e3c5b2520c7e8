import type { Estimate } from './statistics.js'

/** Says what was measured against what is required, and gives back whether that holds. */
export function verdict(
  what: string,
  holds: boolean,
  measured: string | Estimate,
  required: string,
): boolean {
  const shown = typeof measured === 'string' ? measured : show(measured)
  console.log(`${holds ? 'holds' : 'FAILS'}  ${what}: ${shown}, required ${required}`)
  return holds
}

export function show({ median, low, high }: Estimate, digits = 2): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
}
