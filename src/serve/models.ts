import { nearestNames } from '../../ir/index.ts'
import { refuse } from './refusal.ts'
import type { ServedModel } from './served-model.ts'

/** A version of a model that can be opened. */
export interface Version {
  /** A whole number in digits: the largest is the newest. */
  readonly version: string
  /** Changes whenever what is in it does. */
  readonly mark: string
  /** @throws where it is broken */
  readonly open: () => Promise<ServedModel>
}

/** Where models come from: their names, and the versions of each, the newest first. */
export type Source = () => Promise<ReadonlyMap<string, readonly Version[]>>

/** What is told of what happens to models. */
export interface ModelEvents {
  readonly onOpened: (served: ServedModel) => void
  readonly onBroken: (name: string, version: string, error: unknown) => void
  readonly onGone: (name: string, version: string) => void
}

/** The models that are served: of each the newest version that opens. */
export interface Models {
  /** @throws Refusal where there is none by that name, or of that version */
  readonly find: (name: string, version?: string) => ServedModel
  readonly names: () => readonly string[]
  /** Whether every model has a version that is open. */
  readonly ready: () => boolean
  /** Opens newer versions, and closes what is gone; calls follow one another. */
  readonly refresh: () => Promise<void>
  /** Waits until all are freed. */
  readonly close: () => Promise<void>
}

interface Slot {
  readonly served?: ServedModel
  /** The mark of what is served. */
  readonly mark?: string
  /** The marks of versions that did not open. */
  readonly broken: ReadonlyMap<string, string>
}

/** A name as metrics have it: what clients make up is no name. */
export const knownName = ({ names }: Pick<Models, 'names'>, name: string): string =>
  names().includes(name) ? name : ''

/** The models of a source. */
export const modelsOf = (source: Source, { onOpened, onBroken, onGone }: ModelEvents): Models => {
  const slots = new Map<string, Slot>()

  const retire = (served: ServedModel): void => {
    onGone(served.name, served.version)
    void served.retire()
  }

  /** Opens the newest version that opens; what is served stays as long as it is that, or nothing else opens. */
  const updated = async (name: string, versions: readonly Version[], slot: Slot): Promise<Slot> => {
    const { served } = slot
    const broken = new Map([...slot.broken].filter(([version]) => versions.some(each => each.version === version)))
    for (const { version, mark, open } of versions) {
      const own = version === served?.version
      if (own && mark === slot.mark) break
      if (broken.get(version) !== mark) {
        try {
          return { served: await open(), mark, broken }
        } catch (error) {
          broken.set(version, mark)
          onBroken(name, version, error)
        }
      }
      if (own) break
    }
    return { ...slot, broken }
  }

  const update = async (name: string, versions: readonly Version[]): Promise<void> => {
    const slot: Slot = slots.get(name) ?? { broken: new Map() }
    const { served } = slot
    const next = await updated(name, versions, slot)
    slots.set(name, next)
    if (next.served === served) return
    if (next.served !== undefined) onOpened(next.served)
    if (served !== undefined) retire(served)
  }

  const refreshed = async (): Promise<void> => {
    const found = await source()
    for (const [name, versions] of found) await update(name, versions)
    for (const [name, { served }] of slots)
      if (!found.has(name)) {
        slots.delete(name)
        if (served !== undefined) retire(served)
      }
  }

  let last: Promise<void> = Promise.resolve()
  let closed = false
  return {
    find: (name, version) => {
      const slot = slots.get(name)
      if (slot === undefined) {
        const names = [...slots.keys()]
        const near = nearestNames(name, names)
        const known = names.length === 0 ? 'none yet' : `one of ${(near.length > 0 ? near : names).join(', ')}`
        throw refuse(404, 'model', JSON.stringify(name), known)
      }
      const { served } = slot
      if (served === undefined)
        throw refuse(503, `model ${name}`, 'no version that opens', 'one that does; the log says why')
      if (version !== undefined && version !== served.version)
        throw refuse(
          404,
          `model ${name}, version`,
          JSON.stringify(version),
          `${served.version}, the one that is served`,
        )
      return served
    },
    names: () => [...slots.keys()],
    ready: () => slots.size > 0 && [...slots.values()].every(({ served }) => served !== undefined),
    refresh: () => {
      const next = last.then(() => (closed ? undefined : refreshed()))
      last = next.catch(() => {})
      return next
    },
    close: async () => {
      closed = true
      await last
      await Promise.all([...slots.values()].map(({ served }) => served?.retire()))
      slots.clear()
    },
  }
}
