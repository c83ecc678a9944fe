import type { Hold, Scores, Sent } from './call.ts'
import type { Cascade } from './cascade.ts'

/** Numbers of images and answers on their way: their sender may hold them so long. */
const heldAtMost = 2 ** 27

/** Sends batches through in turn, each as soon as the one before is taken, and gives their scores in their order. */
export async function* inTurn<Inputs>(
  batches: AsyncIterable<Inputs>,
  begin: (inputs: Inputs, hold: Hold) => Promise<Sent>,
  wake: Cascade['wake'],
): AsyncGenerator<Scores> {
  const hold: Hold = { open: true }
  const underWay: Sent[] = []
  const close = (): void => {
    hold.open = false
    wake()
  }
  const held = (): number => underWay.reduce((sum, { size }) => sum + size, 0)
  try {
    for await (const inputs of batches) {
      hold.open = true
      const sent = await begin(inputs, hold)
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      sent.scores.catch(() => {})
      underWay.push(sent)
      await sent.taken
      if (held() > heldAtMost) close()
      for (let [first] = underWay; first !== undefined && (first.isDone() || !hold.open); [first] = underWay) {
        underWay.shift()
        yield await first.scores
      }
    }
    close()
    for (const { scores } of underWay) yield await scores
  } finally {
    close()
  }
}
