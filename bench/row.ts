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
