import { type DemoNetworkName, demoNetworks } from './networks.ts'

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

const branchedPlan = demoNetworks.branched.plan

/** What the demo compares, chosen to inform: two rows are there because they lose. The first is what the others are measured against. */
export const contenders: readonly Contender[] = [
  row('plain', 'vanilla', 'the network as it is'),
  row('plain', 'vanilla-tta-geo', 'flip TTA, one forward a view, as libraries do it', 'naive'),
  row('plain', 'vanilla-tta-geo', 'flip TTA, compiled'),
  row('plain', 'vanilla/0.7/vanilla-tta-geo', 'flip TTA for the uncertain images alone'),
  row('plain', '{id,shift(1,1)}@0:geo', 'two phases of the first stride, no retraining'),
  row('plain', branchedPlan, 'flips inside, not trained for them'),
  row('branched', branchedPlan, 'trained with flips inside, run with them'),
  row('branched', 'vanilla', 'trained with flips inside, run without'),
]
