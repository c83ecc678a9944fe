import type { DemoNetworkName } from './networks.ts'

/** One row of the demo's table. */
export interface Contender {
  readonly weights: DemoNetworkName
  readonly plan: string
  readonly about: string
  /** `naive`: one full forward a view, no pass run. */
  readonly pipeline: 'naive' | 'inference'
}

const row = (
  weights: DemoNetworkName,
  plan: string,
  about: string,
  pipeline: Contender['pipeline'] = 'inference',
): Contender => ({
  weights,
  plan,
  about,
  pipeline,
})

/** What the demo compares, chosen to inform: one row is there because it loses. The first is what the others are measured against. */
export const contenders: readonly Contender[] = [
  row('plain', 'vanilla', 'the network as it is'),
  row('plain', 'vanilla-tta-geo', 'flip TTA, one forward a view, as libraries do it', 'naive'),
  row('plain', 'vanilla-tta-geo', 'flip TTA, compiled'),
  row('plain', '{id,shift(1,1)}@5:geo', 'two phases of the last stride, no retraining'),
  row('plain', 'shift4@5:geo', 'all four phases of it, no retraining'),
  row('plain', 'flip-2-max', 'flips inside, not trained for them'),
  row('branched', 'vanilla', 'trained with flips inside, run without'),
  row('branched', 'flip-2-max', 'trained with flips inside, run with them'),
  row('branched', 'flip-2-max-tta', 'with them, and flip TTA'),
]
