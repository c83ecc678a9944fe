import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { barLine, imageParts, progressBar } from '../../../src/cli/progress-bar.ts'
import { timesInWords, watchTiming } from '../../../src/cli/timing-line.ts'
import { watchTraining } from '../../../src/cli/training-progress.ts'
import type { Trained, TrainingEvent } from '../../../src/train/index.ts'

const drawn = (size: number): string => '='.repeat(size)

describe('the line of a bar', () => {
  it('has the time left first, and none where it is not known', () => {
    expect(barLine(200, ['10/100 images'], 80, drawn)).toBe(`3 min 20 s left  ${'='.repeat(40)}  10/100 images`)
    for (const unknown of [undefined, 0, Number.NaN])
      expect(barLine(unknown, ['0/100 images'], 80, drawn)).toBe(`${'='.repeat(40)}  0/100 images`)
  })

  it('is whole in few columns: the bar is shorter, then gone, and the last parts are left out', () => {
    const parts = ['step 1200/78200', 'epoch 3', 'loss 1.234', 'error 45.67 %', '1234 images/s', 'rate 0.1']
    for (const columns of [200, 120, 80, 60, 40, 20]) {
      const line = barLine(12_345, parts, columns, drawn)
      expect(line.length).toBeLessThan(columns)
      expect(line.startsWith('3 h 25 min')).toBe(true)
    }
    expect(barLine(12_345, parts, 80, drawn)).toBe(
      `3 h 25 min left  ${'='.repeat(9)}  step 1200/78200, epoch 3, loss 1.234, error 45.67 %`,
    )
    expect(barLine(undefined, ['1/9 images'], 24, drawn)).toBe(`${'='.repeat(11)}  1/9 images`)
  })
})

describe('where there is no terminal', () => {
  afterEach(() => void vi.useRealTimers())
  const notes: string[] = []
  const out = { interactive: false, note: (line: string) => void notes.push(line), result: () => {} }
  beforeEach(() => {
    vi.useFakeTimers()
    notes.splice(0)
  })

  it('a line is written every half minute, with the time left, and none of what is quick', () => {
    const bar = progressBar(out, imageParts)
    bar.at(0, 100)
    for (let done = 1; done <= 100; done++) {
      vi.advanceTimersByTime(1000)
      bar.at(done, 100)
    }
    bar.stop()
    expect(notes).toEqual(['1 min 10 s left  30/100 images', '40 s left  60/100 images', '10 s left  90/100 images'])
    notes.splice(0)
    bar.at(0, 2)
    vi.advanceTimersByTime(29_000)
    bar.at(1, 2)
    expect(notes).toEqual([])
  })

  it('a training that goes on says how long from where it goes on', async () => {
    const step = { event: 'step', epoch: 2, loss: 1, errorPercent: 50, learningRate: 0.1, imagesPerSecond: 9 } as const
    const training = async function* (): AsyncGenerator<TrainingEvent, Trained> {
      yield { event: 'start', network: 'n', plan: 'p', steps: 200, firstStep: 100 } as TrainingEvent
      for (let k = 101; k < 140; k++) {
        vi.advanceTimersByTime(1000)
        yield { ...step, step: k } as TrainingEvent
      }
      return {} as Trained
    }
    await watchTraining(training(), out)
    expect(notes.slice(1)).toEqual([
      '1 min 9 s left  step 131/200, epoch 2, loss 1.000, error 50.00 %, 9 images/s, rate 0.1',
    ])
  })
})

describe('what is timed', () => {
  it('is said in words that people read, the quickest first', () => {
    const times = [
      { executor: 'graph', milliseconds: 119.6 },
      { executor: 'onnx', milliseconds: 74.2 },
      { executor: 'xla' },
    ] as const
    expect(timesInWords(times)).toBe('onnxruntime 74 ms, TensorFlow 120 ms')
  })

  it('is said before it is waited for', () => {
    const notes: string[] = []
    const { onProgress, stop } = watchTiming({ interactive: false, note: line => void notes.push(line) })
    expect(notes).toEqual([])
    for (const done of [0, 1]) onProgress({ running: 'graph', total: 2, done, timed: [] })
    stop()
    expect(notes).toEqual(['Timing what runs this network fastest here; the choice is kept for the next time.'])
  })
})
