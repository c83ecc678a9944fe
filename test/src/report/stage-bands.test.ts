import { describe, expect, it } from 'vitest'
import { graphHtml } from '../../../src/report/html.ts'
import { compiledZoo } from './page.ts'

const textOf = (page: string): string => page.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

describe('the page of an adaptive plan', () => {
  const page = graphHtml(compiledZoo('cifar-resnet-8', 'vanilla/0.68/vanilla-tta-geo/entropy=0.5/flip@0,shift4@0:geo'))
  const bands = page.split('<section class="band">').slice(1)

  it('has a band for each stage, with what it costs alone', () => {
    expect(bands.map(band => textOf(band).match(/Stage \d: \S+ \S+ multiply-adds \S+ the plain network/)?.[0])).toEqual(
      [
        expect.stringMatching(/^Stage 1: vanilla .* 1\.000×/),
        expect.stringMatching(/^Stage 2: vanilla-tta-geo .* 1\.000×/),
        expect.stringMatching(/^Stage 3: flip@0,shift4@0:geo .* 6\.00\d×/),
      ],
    )
    expect(textOf(page)).toMatch(/3 ?stages|stages ?3/)
  })

  it('says between them who goes on, and with what', () => {
    const gates = bands.map(band => textOf(band.match(/<p class="gate">.*?<\/p>/s)?.[0] ?? ''))
    expect(gates[0]).toMatch(
      /goes on where the margin is below 0\.68 , with the numbers of image \(3,072\), .* \(100\)/,
    )
    expect(gates[1]).toMatch(/goes on where the entropy is below 0\.5 /)
    expect(gates[2].trim()).toBe('')
  })

  it('opens lists that each have an id of their own', () => {
    const ids = [...page.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const opened = [...page.matchAll(/<button[^>]* aria-controls="([^"]+)"/g)].map(([, id]) => id)
    expect(opened.filter(id => !ids.includes(id))).toEqual([])
  })

  it('is one picture under a fixed plan', () => {
    expect(graphHtml(compiledZoo('cifar-resnet-8', 'flip-1-max'))).not.toContain('class="band"')
  })
})
