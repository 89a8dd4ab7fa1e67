import { microseconds, seconds } from './format.js'
import { type DatabasePlace, foldersEach, plainPostgres, type UploadsPlace } from './places.js'
import { type Figure, figure, type Row, reading, sized } from './row.js'
import { OWNERS, ownersAtOnce, type ProcessesReadings } from './trials/processes.js'
import { secondOwner } from './trials/second-owner.js'

/** How many processes the work is shared by, compared with one. */
const PROCESSES = 3

/** Many owners at once, with one process and with several. @param one the time a record of one owner alone */
export function severalOwners(records: number, one: Figure): Row[] {
  return databasesHere().flatMap((database) => {
    const [alone, together] = [
      ownersAtOnce(records, 1, database, foldersEach),
      ownersAtOnce(records, PROCESSES, database, sharedUploads()),
    ]
    const perRecord = (trial: typeof alone, name: keyof ProcessesReadings) =>
      reading(trial, (readings) => dividedBy(trial.records, readings[name]))
    const owners = (processes: string) => `${OWNERS} owners at once, ${processes}, ${database.name}`
    const several = owners(`${PROCESSES} processes, ${sharedUploads().name}`)
    const comparedWithOne = (what: string, name: keyof ProcessesReadings): Row => ({
      name: sized(`${several}: ${what}`, records),
      measured: perRecord(together, name),
      show: microseconds,
      base: { name: '1 process', figure: perRecord(alone, name) },
    })
    return [
      {
        name: sized(`${owners('1 process')}: time a record`, records),
        measured: perRecord(alone, 'seconds'),
        show: microseconds,
        base: { name: '1 owner', figure: one },
      },
      comparedWithOne('time a record', 'seconds'),
      comparedWithOne('CPU of Node a record', 'nodeCpuSeconds'),
      comparedWithOne('CPU of PostgreSQL a record', 'postgresCpuSeconds'),
    ]
  })
}

/** A second owner's import into a database that the first one's has filled. */
export const secondOwners = (records: number): Row[] =>
  databasesHere().map((database) => {
    const trial = secondOwner(records, database)
    return {
      name: sized(`second owner's import, ${database.name}`, records),
      measured: figure(trial, 'secondSeconds'),
      show: seconds,
      base: { name: "first's", figure: figure(trial, 'firstSeconds') },
      target: { atMost: 1.1 },
    }
  })

const databasesHere = (): DatabasePlace[] => [plainPostgres]

const sharedUploads = (): UploadsPlace => foldersEach

const dividedBy = (records: number, value: number | undefined): number | undefined =>
  value === undefined ? undefined : value / records
