import { join } from 'node:path'

/** Where everything in a data directory lies. No other file knows a name in it. */
export interface DataDirLayout {
  /** The directory itself. */
  readonly path: string
  /** The directory's identity, which never changes. */
  readonly identity: string
  /** A socket that the process listens on that has the directory. */
  readonly lock: string
  /** The API key of the default store. */
  readonly apiKey: string
  /** Names the database that has the imports of the uploads. */
  readonly database: string
  /** Says that the folder of uploads was marked: one without a mark is not the right one. */
  readonly uploadsMarked: string
  readonly uploads: UploadsLayout
  /** The embedded PostgreSQL. */
  readonly cluster: ClusterLayout
}

/** Where everything in the folder of uploads lies. */
export interface UploadsLayout {
  readonly folder: string
  /** Uploads that are still being received. */
  readonly incoming: string
  /** Uploads that no import names. */
  readonly aside: string
  /** Says which data directory the uploads belong to, by its identity. */
  readonly marker: string
}

/** Where the embedded PostgreSQL lies. */
export interface ClusterLayout {
  readonly folder: string
  /** A cluster that is being created; renamed once it is whole. */
  readonly unfinished: string
  /** Its log, the older part of which has `.1` at its end. */
  readonly log: string
}

/** What the names of whole uploads end with. */
const UPLOAD_SUFFIX = '.jsonl'

/** What files are called until they are whole, see `writeWhole`. */
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

/** @param folder that of a data directory, or one mounted in its place */
export const uploadsLayoutOf = (folder: string): UploadsLayout => ({
  folder,
  incoming: join(folder, 'incoming'),
  aside: join(folder, 'unknown'),
  marker: join(folder, 'id'),
})

/** The name of a whole upload's file. */
export const uploadName = (key: string): string => `${key}${UPLOAD_SUFFIX}`

/** The key of the upload that a file has; undefined: the file is no upload. */
export const uploadKey = (name: string): string | undefined =>
  name.endsWith(UPLOAD_SUFFIX) ? name.slice(0, -UPLOAD_SUFFIX.length) : undefined

/** Where a file is written before it takes its place. */
export const draftOf = (file: string): string => `${file}${DRAFT_SUFFIX}`

/** The most that the mode of each file and folder may allow: nobody else may read what is private. */
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

/** Whether a name in the data directory is that of something unfinished, which a killed process left. */
export const isLeftover = (name: string): boolean =>
  /^(lock|id)\.[0-9a-f-]{36}$|^(api-key|database|uploads-marked|postgres)\.new$/.test(name)
