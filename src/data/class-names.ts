import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { counted, listed } from '../base/format.ts'
import type { DataSet, Example } from './data-set.ts'
import type { DataProblem } from './error.ts'
import { identityOf } from './fingerprint.ts'

/** The data set with label k in place of l where `places[l]` is k, and the classes that these number. */
const relabelled = (data: DataSet, places: readonly number[], classes: readonly string[]): DataSet => {
  const label = (example: Example): Example =>
    example.label === undefined ? example : { ...example, label: places[example.label] }
  const all = E.map((examples: readonly Example[]) => examples.map(label))
  const { pick, ...rest } = data
  const moved = places.some((place, k) => place !== k)
  return {
    ...rest,
    classes,
    classCount: classes.length,
    read: async (from, to) => all(await data.read(from, to)),
    ...(moved ? identityOf(data, `${places}`) : {}),
    pick: pick && (async indices => all(await pick(indices))),
  }
}

/** A name but for case, separators and the forms that Unicode has for one character. */
const loosely = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim()

const exactly = (name: string): string => name.normalize()

/** How names are compared, the strictest first. */
const forms = [(name: string): string => name, exactly, loosely] as const

const placesByForm = (names: readonly string[], form: (name: string) => string): ReadonlyMap<string, number[]> => {
  const places = new Map<string, number[]>()
  for (const [k, name] of names.entries()) places.set(form(name), [...(places.get(form(name)) ?? []), k])
  return places
}

/** For each class the one place among the names that it alone stands for; −1 where there is none. */
const placesOf = (
  classes: readonly string[],
  names: readonly string[],
  form: (name: string) => string,
): readonly number[] => {
  const [wanted, there] = [placesByForm(classes, form), placesByForm(names, form)]
  return classes.map(name => {
    const [mine, places = []] = [wanted.get(form(name)) ?? [], there.get(form(name))]
    return mine.length === 1 && places.length === 1 ? places[0] : -1
  })
}

const noted = (data: DataSet, notes: readonly string[]): DataSet =>
  notes.length === 0 ? data : { ...data, notes: [...(data.notes ?? []), ...notes] }

const whole = (places: readonly number[]): boolean => places.every(place => place >= 0)

/** All classes have a name: they are numbered by it. */
const byName = (data: DataSet, names: readonly string[], places: readonly number[], form: typeof exactly): DataSet => {
  const classes = data.classes as readonly string[]
  const moved = places.some((place, k) => place !== k)
  const loose = form === loosely ? ', but for case and separators' : ''
  const pairs = classes.map((name, k) => `${name} is class ${places[k]}`)
  return noted(
    relabelled(data, places, names),
    moved || form === loosely ? [`Classes are numbered by their names${loose}: ${listed(pairs)}.`] : [],
  )
}

/** No class has a name, or as many others stand where they should: they are numbered as they are. */
const inOrder = (data: DataSet, names: readonly string[]): DataSet => {
  const classes = data.classes as readonly string[]
  const differing = classes.map((name, k) => [name, names[k]] as const).filter(([a, b]) => exactly(a) !== exactly(b))
  const pairs = differing.map(([name, other]) => `${name} as ${other}`)
  const what = data.folders === undefined ? 'class of the data' : 'folder'
  return noted({ ...data, classes: names, classCount: names.length }, [
    `${counted(differing.length, what, data.folders === undefined ? 'classes of the data' : 'folders')} without a class’s name, taken in the order of code points: ${listed(pairs)}.`,
  ])
}

/**
 * The data set as a network numbers its classes, where both have names for them: by name; where no name is the same and there are as many, in order, which a note says.
 * Left: where some names are the same and some are not.
 */
export const numberedBy = (
  data: DataSet,
  names: readonly string[],
  where = `--data ${data.name}`,
): E.Either<DataProblem, DataSet> => {
  const { classes, folders } = data
  if (classes === undefined) return E.right(data)
  const form = forms.find(each => whole(placesOf(classes, names, each))) ?? exactly
  const places = placesOf(classes, names, form)
  if (whole(places)) return E.right(byName(data, names, places, form))
  const none = places.every(place => place < 0)
  const fixed = folders === undefined && places.every((place, k) => place < 0 || place === k)
  if (classes.length === names.length && (none || fixed)) return E.right(inOrder(data, names))
  if (none && folders?.length === names.length) return E.right(inOrder(numberedByFolders(data), names))
  const strange = classes.filter((_, k) => places[k] < 0)
  const what = folders === undefined ? 'classes' : 'folders'
  return E.left(
    problem(
      'bad-labels',
      where,
      `${classes.length} ${what}, of them not the name of one class each: ${listed(strange)}`,
      `the network’s ${counted(names.length, 'class', 'classes')}: ${listed(names)}`,
      folders === undefined ? undefined : 'other names for the folders, or no --classes: then they count by code point',
    ),
  )
}

/** The data set with a class for every folder, those without images too. */
export const numberedByFolders = (data: DataSet): DataSet => {
  const { classes = [], folders = classes } = data
  const places = classes.map(name => folders.indexOf(name))
  return noted(relabelled(data, places, folders), [
    `Folders without images count as classes: the network has as many as there are folders, ${folders.length}.`,
  ])
}
