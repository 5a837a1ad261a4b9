import { createHash } from 'node:crypto'
import { anything, type OptionSchema } from '@glassine/core/internal'
import type { EventBridgeEvent, KinesisStreamEvent, SNSEvent, SQSEvent } from 'aws-lambda'
import { string } from '../options.ts'
import { accountId, arn, epoch, idOf, isoTime, region, requestId } from './facts.ts'

/** What differs from the default in an event that carries messages. */
export interface RecordsOverrides {
  /** One message: a string as it is, anything else as JSON. Default `{ id: 'p-1' }`. */
  readonly body?: unknown
  /** A batch, in place of `body`. Default: none. */
  readonly bodies?: readonly unknown[]
  /** The message attribute `tenant` (SQS, SNS), or the partition key (Kinesis). Default: none. */
  readonly tenant?: string
}

export const recordsOptions: OptionSchema<RecordsOverrides> = {
  body: anything,
  bodies: ['must be an array', Array.isArray],
  tenant: string,
}

/** The payloads of a batch. */
const payloadsOf = ({ body = { id: 'p-1' }, bodies = [body] }: RecordsOverrides): readonly unknown[] => bodies

/** The message that a producer sends for a payload. */
const textOf = (payload: unknown): string => (typeof payload === 'string' ? payload : JSON.stringify(payload))

const noAttributes: Record<string, never> = {}

/** The event of a standard SQS queue. */
export const sqsEvent = (overrides: RecordsOverrides): SQSEvent => ({
  Records: payloadsOf(overrides).map((payload, at) => {
    const body = textOf(payload)
    return {
      messageId: idOf(at),
      receiptHandle: `GlSsReceipt${at}`,
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: String(epoch),
        SenderId: 'AROAGLASSINEEXAMPLE00:producer',
        ApproximateFirstReceiveTimestamp: String(epoch + 12),
      },
      messageAttributes:
        overrides.tenant === undefined
          ? noAttributes
          : { tenant: { stringValue: overrides.tenant, dataType: 'String' } },
      // SQS's checksum, not a security measure.
      md5OfBody: createHash('md5').update(body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: arn('sqs', 'patients'),
      awsRegion: region,
    }
  }),
})

/** The event of an SNS topic: always one message in a record. */
export const snsEvent = (overrides: RecordsOverrides): SNSEvent => ({
  Records: payloadsOf(overrides).map((payload, at) => ({
    EventVersion: '1.0',
    EventSubscriptionArn: `${arn('sns', 'patients')}:${idOf(0)}`,
    EventSource: 'aws:sns',
    Sns: {
      SignatureVersion: '1',
      Timestamp: isoTime,
      Signature: 'R2xhc3NpbmUgdGVzdA==',
      SigningCertUrl: `https://sns.${region}.amazonaws.com/SimpleNotificationService-example.pem`,
      MessageId: idOf(at),
      Message: textOf(payload),
      MessageAttributes:
        overrides.tenant === undefined
          ? noAttributes
          : { tenant: { Type: 'String', Value: overrides.tenant } },
      Type: 'Notification',
      UnsubscribeUrl: `https://sns.${region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${arn('sns', 'patients')}`,
      TopicArn: arn('sns', 'patients'),
    },
  })),
})

/** The event of a Kinesis data stream; the payload is in base64 in `kinesis.data`. */
export const kinesisEvent = (overrides: RecordsOverrides): KinesisStreamEvent => ({
  Records: payloadsOf(overrides).map((payload, at) => {
    const sequenceNumber = String(49_600_000_000_000 + at)
    return {
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: overrides.tenant ?? 'p-1',
        sequenceNumber,
        data: Buffer.from(payload instanceof Uint8Array ? payload : textOf(payload)).toString('base64'),
        approximateArrivalTimestamp: epoch / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `shardId-000000000000:${sequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: `arn:aws:iam::${accountId}:role/patients`,
      awsRegion: region,
      eventSourceARN: arn('kinesis', 'stream/patients'),
    }
  }),
})

/** What differs from the default in an EventBridge event. */
export interface EventBridgeOverrides<Detail = unknown> {
  /** What happened: any JSON. Default `{ id: 'p-1' }`. */
  readonly detail?: Detail
  /** The kind of event. Default `PatientAdmitted`. */
  readonly detailType?: string
  /** Who sent it. Default `example.patients`. */
  readonly source?: string
}

export const eventBridgeOptions: OptionSchema<EventBridgeOverrides> = {
  detail: anything,
  detailType: string,
  source: string,
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
