import { microseconds, seconds } from './format.js'
import { databasePlaces, foldersEach, sharedUploads } from './places.js'
import { type Figure, figure, type Row, reading, sized } from './row.js'
import { OWNERS, ownersAtOnce, type ProcessesReadings } from './trials/processes.js'
import { secondOwner } from './trials/second-owner.js'

/** How many processes share the work, compared with one. */
const PROCESSES = 3

/**
 * Many owners at once, with one process and with several.
 *
 * @param one the time a record of one owner alone
 */
export const severalOwners = (records: number, one: Figure): Row[] =>
  databasePlaces().flatMap((database) => {
    const uploads = sharedUploads()
    const [alone, together] = [
      ownersAtOnce(records, 1, database, foldersEach),
      ownersAtOnce(records, PROCESSES, database, uploads),
    ]
    const row = (by: string, what: string): Pick<Row, 'name' | 'show'> => ({
      name: sized(`${OWNERS} owners${database.name}, ${by}: ${what}`, records),
      show: microseconds,
    })
    const perRecord = (trial: typeof alone, name: keyof ProcessesReadings) =>
      reading(trial, (readings) => dividedBy(trial.records, readings[name]))
    const comparedWithOne = (what: string, name: keyof ProcessesReadings): Row => ({
      ...row(`${PROCESSES} processes ${uploads.name}`, what),
      measured: perRecord(together, name),
      base: { name: '1 process', figure: perRecord(alone, name) },
    })
    return [
      {
        ...row('1 process', 'time a record'),
        measured: perRecord(alone, 'seconds'),
        base: { name: '1 owner', figure: one },
      },
      comparedWithOne('time a record', 'seconds'),
      comparedWithOne('Node, CPU a record', 'nodeCpuSeconds'),
      ...(database.isOneServer ? [comparedWithOne('PostgreSQL, CPU a record', 'postgresCpuSeconds')] : []),
    ]
  })

/** A second owner's import into a database that the first one's has filled. */
export const secondOwners = (records: number): Row[] =>
  databasePlaces().map((database) => {
    const trial = secondOwner(records, database)
    return {
      name: sized(`second owner's import${database.name}`, records),
      measured: figure(trial, 'secondSeconds'),
      show: seconds,
      base: { name: "first's", figure: figure(trial, 'firstSeconds') },
      target: { atMost: 1.1 },
    }
  })

const dividedBy = (records: number, value: number | undefined): number | undefined =>
  value === undefined ? undefined : value / records
