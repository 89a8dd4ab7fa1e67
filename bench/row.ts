import { grouped } from './format.js'
import type { Trial } from './trial.js'

/** The readings of the trials of one run. */
export interface Run {
  /** @throws Error if the trial is not one of the run's */
  of<Readings>(trial: Trial<Readings>): Readings
}

/** A figure of a run, and the trials that it is read from: whoever shows it measures those. */
export interface Figure {
  readonly trials: readonly Trial[]
  /** In seconds, bytes or a rate per second. Undefined: this system does not report it. */
  of(run: Run): number | undefined
}

/** One row of the table: a figure, and its ratio to another figure of the same run. */
export interface Row {
  /** The text of the first column. */
  readonly name: string
  readonly measured: Figure
  readonly show: (value: number) => string
  readonly base?: Base
  /** The target of the ratio. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number }
}

/** What a row is compared with. */
export interface Base {
  readonly name: string
  readonly figure: Figure
}

/** Whether a ratio meets its target. */
export const meets = (target: NonNullable<Row['target']>, ratio: number): boolean =>
  'atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast

/** A run's ratio; undefined where the row has none. */
export function ratioOf({ measured, base }: Row, run: Run): number | undefined {
  const [value, other] = [measured.of(run), base?.figure.of(run)]
  return value === undefined || other === undefined ? undefined : value / other
}

/** The trials that a row, with what it is compared with, is read from. */
export const trialsOf = ({ measured, base }: Row): readonly Trial[] => [
  ...(base?.figure.trials ?? []),
  ...measured.trials,
]

/**
 * What has to be measured for the rows whose name has one of the texts, each trial once, and every row that is then
 * known.
 */
export function chosen(rows: readonly Row[], ...texts: readonly string[]): { trials: Trial[]; rows: Row[] } {
  const trials = new Set(
    rows.filter(({ name }) => texts.some((text) => name.includes(text))).flatMap(trialsOf),
  )
  return {
    trials: [...trials],
    rows: rows.filter((row) => trialsOf(row).every((trial) => trials.has(trial))),
  }
}

/** A figure made of a trial's readings. */
export const reading = <Readings>(
  trial: Trial<Readings>,
  read: (readings: Readings) => number | undefined,
): Figure => ({ trials: [trial], of: (run) => read(run.of(trial)) })

/** A trial's figure by its name. */
export const figure = <Name extends string>(
  trial: Trial<{ readonly [key in Name]: number | undefined }>,
  name: Name,
): Figure => reading(trial, (readings) => readings[name])

/** The greatest of the figures that are known. */
export const greatest = (figures: readonly Figure[]): Figure => ({
  trials: figures.flatMap(({ trials }) => trials),
  of(run) {
    const known = figures.flatMap((one) => one.of(run) ?? [])
    return known.length === 0 ? undefined : Math.max(...known)
  },
})

/** A figure that is the same in every run. */
export const limit = (value: number): Base => ({ name: 'limit', figure: { trials: [], of: () => value } })

/** A row's name with the number of its records. */
export const sized = (name: string, records: number): string => `${name}, ${grouped(records)}`
