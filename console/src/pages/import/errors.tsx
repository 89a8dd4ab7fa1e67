import { SegmentedControl, Title } from '@mantine/core'
import { isUnderWay } from '../../../../src/imports/resource/outcome'
import { counted } from '../../../../src/text/numbers'
import { canBeCorrected } from '../../imports'
import { useAddress } from '../../ui/address'
import { Empty } from '../../ui/states'
import { Corrections } from './corrections'
import { DownloadButton } from './download'
import { ErrorKinds } from './error-kinds'
import { ErrorLines } from './error-lines'
import type { PartProps } from './part'

/** The errors of an import, by line or by kind. */
export function ImportErrors({ one, features, types }: PartProps) {
  const address = useAddress()
  const isByKind = features.hasErrorKinds && address.get('errors') === 'kinds'
  const { errors } = one.meta
  return (
    <section className="section" id="errors">
      <div className="section-head">
        <Title order={2} className="numbers">
          {errors === 0 ? 'Errors' : counted(errors, 'error')}
        </Title>
        {errors > 0 && !isUnderWay(one) && (
          <div className="downloads">
            {features.hasErrorTable && (
              <DownloadButton one={one} what="errors" text="Download errors as CSV" />
            )}
            {features.hasRejected && (
              <DownloadButton one={one} what="rejected" text="Download rejected lines" />
            )}
          </div>
        )}
        {features.hasErrorKinds && errors > 0 && (
          <SegmentedControl
            size="xs"
            aria-label="Show errors"
            value={isByKind ? 'kinds' : 'lines'}
            onChange={(value) => address.set({ errors: value === 'kinds' ? 'kinds' : '', offset: 0 })}
            data={[
              { value: 'lines', label: 'Line by line' },
              { value: 'kinds', label: 'By kind' },
            ]}
          />
        )}
      </div>
      {errors === 0 ? (
        <Empty title={isUnderWay(one) ? 'No errors so far' : 'No errors'} />
      ) : isByKind ? (
        <ErrorKinds one={one} features={features} />
      ) : (
        <ErrorLines one={one} features={features} types={types} />
      )}
      {canBeCorrected(one, features) && <Corrections one={one} />}
    </section>
  )
}
