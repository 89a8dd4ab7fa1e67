import { join } from 'node:path'

/** The location of everything in a data directory. No other file knows a name in it. */
export interface DataDirLayout {
  /** The directory itself. */
  readonly path: string
  /** The directory's identity, which never changes. */
  readonly identity: string
  /** The socket that the process using the directory listens on. */
  readonly lock: string
  /** The API key of the default store. */
  readonly apiKey: string
  /** Identifies the database that has the imports of the uploads. */
  readonly database: string
  /** Says that the uploads folder has been marked: a folder without a mark is then not the right one. */
  readonly uploadsMarked: string
  readonly uploads: UploadsLayout
  /** The embedded PostgreSQL. */
  readonly cluster: ClusterLayout
}

/** The location of everything in the uploads folder. */
export interface UploadsLayout {
  readonly folder: string
  /** Uploads that are still being received. */
  readonly incoming: string
  /** Where earlier versions moved uploads that no import named. */
  readonly formerlyAside: string
  /** Says which data directory the uploads belong to, by its identity. */
  readonly marker: string
}

/** The location of the embedded PostgreSQL. */
export interface ClusterLayout {
  readonly folder: string
  /** A cluster that is being created; renamed once it is complete. */
  readonly unfinished: string
  /** Its log; the name of the older part ends with `.1`. */
  readonly log: string
}

/** The suffix of complete uploads. */
const UPLOAD_SUFFIX = '.jsonl'

/** The suffix of files until they are complete, see `writeWhole`. */
const DRAFT_SUFFIX = '.new'

const CLUSTER = 'postgres'

export function layoutOf(path: string): DataDirLayout {
  const inside = (name: string) => join(path, name)
  return {
    path,
    identity: inside('id'),
    lock: inside('lock'),
    apiKey: inside('api-key'),
    database: inside('database'),
    uploadsMarked: inside('uploads-marked'),
    uploads: uploadsLayoutOf(inside('uploads')),
    cluster: {
      folder: inside(CLUSTER),
      unfinished: draftOf(inside(CLUSTER)),
      log: inside(`${CLUSTER}.log`),
    },
  }
}

/** @param folder the one in a data directory, or one mounted in its place */
export const uploadsLayoutOf = (folder: string): UploadsLayout => ({
  folder,
  incoming: join(folder, 'incoming'),
  formerlyAside: join(folder, 'unknown'),
  marker: join(folder, 'id'),
})

/** The file name of a complete upload. */
export const uploadName = (key: string): string => `${key}${UPLOAD_SUFFIX}`

/** The upload key of a file; undefined: the file is not an upload. */
export const uploadKey = (name: string): string | undefined =>
  name.endsWith(UPLOAD_SUFFIX) ? name.slice(0, -UPLOAD_SUFFIX.length) : undefined

/** Where a file is written before it is moved into place. */
export const draftOf = (file: string): string => `${file}${DRAFT_SUFFIX}`

/** The most permissive mode of each file and folder: nobody else may read what is private. */
export const mostOpenModes = ({
  path,
  identity,
  apiKey,
  database,
  uploads,
  cluster,
}: DataDirLayout): ReadonlyMap<string, number> =>
  new Map([
    [path, 0o755],
    [identity, 0o644],
    [apiKey, 0o600],
    [database, 0o644],
    [uploads.folder, 0o700],
    [cluster.folder, 0o700],
    [cluster.log, 0o600],
    [`${cluster.log}.1`, 0o600],
  ])

/** Whether a name in the data directory is that of an unfinished file, left by a killed process. */
export const isLeftover = (name: string): boolean =>
  /^(lock|id)\.[0-9a-f-]{36}$|^(api-key|database|uploads-marked|postgres)\.new$/.test(name)
