import pg from 'pg'

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof pg.DatabaseError && error.code === code

/** PostgreSQL, appendix A: `unique_violation`. */
export const isUniqueViolation = (error: unknown): boolean => hasCode(error, '23505')

/** PostgreSQL, appendix A: `internal_error`. It may be anything. */
export const isInternal = (error: unknown): boolean => hasCode(error, 'XX000')

/**
 * A node of a distributed PostgreSQL refused a COPY, for whatever reason: Citus tells its coordinator's clients no
 * code but `internal_error`. The same rows by INSERT get the code.
 */
export const isRefusedCopy = (error: unknown): boolean =>
  isInternal(error) && (error as pg.DatabaseError).routine === 'ReportCopyError'

/** A node of a distributed PostgreSQL went away in the middle of a transaction: Citus has no better code for that. */
export const isLostNode = (error: unknown): boolean =>
  isInternal(error) &&
  ['MarkRemoteTransactionFailed', 'ReportResultError'].includes((error as pg.DatabaseError).routine ?? '')

/** PostgreSQL, appendix A: `deadlock_detected`. This transaction was chosen as the victim. */
export const isDeadlock = (error: unknown): boolean => hasCode(error, '40P01')

/** PostgreSQL, appendix A: `lock_not_available`, by `lock_timeout`. Nothing of its transaction was done. */
export const isLockTimeout = (error: unknown): boolean => hasCode(error, '55P03')

/** PostgreSQL, appendix A: `query_canceled`, by `statement_timeout`. Nothing of its transaction was done. */
export const isTimeout = (error: unknown): boolean => hasCode(error, '57014')

/**
 * PostgreSQL, appendix A: `in_failed_sql_transaction`. An earlier statement had failed, and that error is the
 * one to report.
 */
export const isInFailedTransaction = (error: unknown): boolean => hasCode(error, '25P02')

/** PostgreSQL, appendix A: class 22, `data_exception`, and class 23, of constraints. Nothing of its transaction was done. */
export const isRefusedValue = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? '')
