import type { Trial } from './trial.js'

/** What the trials of one run took. */
export interface Run {
  /** @throws Error if the trial is not one of the run's */
  of<Readings>(trial: Trial<Readings>): Readings
}

/** A figure of a run, in seconds, bytes or a number a second. Undefined: this system does not tell it. */
export type Figure = (run: Run) => number | undefined

/** One row of the table: a figure, and how many times another figure of the same run it is. */
export interface Row {
  /** What the first column says. */
  readonly name: string
  readonly measured: Figure
  readonly show: (value: number) => string
  readonly base?: Base
  /** What the ratio is to be. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number }
}

/** What a row is compared with. */
export interface Base {
  readonly name: string
  readonly figure: Figure
}

/** Whether a ratio is what it is to be. */
export const meets = (target: NonNullable<Row['target']>, ratio: number): boolean =>
  'atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast

/** A run's ratio; undefined where the row has none. */
export function ratioOf({ measured, base }: Row, run: Run): number | undefined {
  const [value, other] = [measured(run), base?.figure(run)]
  return value === undefined || other === undefined ? undefined : value / other
}
