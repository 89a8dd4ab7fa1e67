import { grouped } from './format.js'
import type { Trial } from './trial.js'

/** The readings of the trials of one run. */
export interface Run {
  /** @throws Error if the trial is not one of the run's */
  of<Readings>(trial: Trial<Readings>): Readings
}

/** A figure of a run, in seconds, bytes or a rate per second. Undefined: this system does not report it. */
export type Figure = (run: Run) => number | undefined

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
  const [value, other] = [measured(run), base?.figure(run)]
  return value === undefined || other === undefined ? undefined : value / other
}

/** A part of the benchmark: what is measured for it, and the rows that show it. */
export interface Part {
  readonly trials: readonly Trial[]
  readonly rows: readonly Row[]
}

/** A trial's figure by its name. */
export const figure =
  <Name extends string>(trial: Trial<{ readonly [key in Name]: number | undefined }>, name: Name): Figure =>
  (run: Run) =>
    run.of(trial)[name]

/** A row's name with the number of its records. */
export const sized = (name: string, records: number): string => `${name}, ${grouped(records)}`
