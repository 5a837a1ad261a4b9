import type { EventBridgeEvent } from 'aws-lambda'
import { accountId, isoTime, region, requestId } from './facts.ts'

/** What differs from the default in an EventBridge event. */
export interface EventBridgeOverrides<Detail = unknown> {
  /** Default `{ id: 'p-1' }`. */
  readonly detail?: Detail
  /** Default `PatientAdmitted`. */
  readonly detailType?: string
  /** Default `example.patients`. */
  readonly source?: string
}

/** The event of an EventBridge rule. */
export const eventBridgeEvent = (overrides: EventBridgeOverrides): EventBridgeEvent<string, any> => ({
  version: '0',
  id: requestId,
  'detail-type': overrides.detailType ?? 'PatientAdmitted',
  source: overrides.source ?? 'example.patients',
  account: accountId,
  time: isoTime,
  region,
  resources: [],
  detail: overrides.detail ?? { id: 'p-1' },
})
