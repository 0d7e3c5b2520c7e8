import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Estimate } from './statistics.js'

export interface NamedEstimate extends Estimate {
  readonly name: string
}

/** Medians with their intervals, a line each, as SVG. */
export async function plotIntervals(
  estimates: readonly NamedEstimate[],
  title: string,
): Promise<string> {
  const y = {
    field: 'name',
    type: 'nominal',
    title: null,
    sort: estimates.map(({ name }) => name),
    axis: { labelLimit: 320 },
  } as const
  const x = { type: 'quantitative', title, axis: { grid: true } } as const
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    data: { values: [...estimates] },
    width: 420,
    layer: [
      {
        mark: { type: 'bar', color: '#1f6f8b', height: 12 },
        encoding: { y, x: { ...x, field: 'median' } },
      },
      {
        mark: { type: 'rule', color: '#222', strokeWidth: 1.5 },
        encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
    ],
    config: { font: 'system-ui, sans-serif', view: { stroke: null } },
  }
  return new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG()
}
