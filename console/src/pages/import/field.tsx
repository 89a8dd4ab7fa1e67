import { visible } from '../../format'

/** The attribute that an error or a warning is about. */
export const Field = ({ path }: { readonly path: string }) =>
  path === '' ? <span className="quiet">the whole line</span> : <code className="break">{visible(path)}</code>
