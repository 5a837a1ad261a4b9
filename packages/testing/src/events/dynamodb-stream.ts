import { group, listOf, type OptionSchema } from '@glassine/core/internal'
import type { AttributeValue, DynamoDBStreamEvent } from 'aws-lambda'
import { packageName, plainObject, recordOf } from '../options.ts'
import { arn, epoch, idOf, region } from './facts.ts'

/** An attribute as DynamoDB's client returns it: bytes may still be bytes. */
export type SampleAttribute = { readonly [type: string]: unknown }

/** What differs from the default in one record of a DynamoDB stream. */
export interface StreamRecordOverrides {
  /** Attribute values, for example `{ id: { S: 'p-1' } }`. Default: `id` of the image. */
  readonly keys?: Readonly<Record<string, SampleAttribute>>
  /** The item after the change. Default: none. */
  readonly newImage?: Readonly<Record<string, SampleAttribute>>
  /** The item before it. Default: none. */
  readonly oldImage?: Readonly<Record<string, SampleAttribute>>
}

/** One record, or several in `records`. Without any image, one item with an `id` was inserted. */
export interface StreamOverrides extends StreamRecordOverrides {
  /** Several records, in place of one. Default: none. */
  readonly records?: readonly StreamRecordOverrides[]
}

const item = recordOf(plainObject)
const recordOptions: OptionSchema<StreamRecordOverrides> = { keys: item, newImage: item, oldImage: item }

export const streamOptions: OptionSchema<StreamOverrides> = {
  ...recordOptions,
  records: listOf(group(packageName, 'records', recordOptions)),
}

/** Lambda passes bytes in base64, at any depth. */
const wire = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(wire)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, wire(member)]))
}

const image = (item: unknown): Record<string, AttributeValue> => wire(item) as Record<string, AttributeValue>

const eventName = ({ newImage, oldImage }: StreamRecordOverrides) =>
  newImage === undefined ? 'REMOVE' : oldImage === undefined ? 'INSERT' : 'MODIFY'

/** The event of a DynamoDB stream; which images are present decides its `eventName`. */
export const dynamodbStreamEvent = (overrides: StreamOverrides): DynamoDBStreamEvent => {
  const isEmpty = overrides.newImage === undefined && overrides.oldImage === undefined
  const records = overrides.records ?? [
    isEmpty ? { newImage: { id: { S: 'p-1' } }, ...overrides } : overrides,
  ]
  return {
    Records: records.map((record, at) => {
      const { newImage, oldImage } = record
      const id = (newImage ?? oldImage)?.id
      return {
        eventID: idOf(at).replaceAll('-', ''),
        eventName: eventName(record),
        eventVersion: '1.1',
        eventSource: 'aws:dynamodb',
        awsRegion: region,
        dynamodb: {
          ApproximateCreationDateTime: epoch / 1000,
          Keys: image(record.keys ?? (id === undefined ? {} : { id })),
          ...(newImage && { NewImage: image(newImage) }),
          ...(oldImage && { OldImage: image(oldImage) }),
          SequenceNumber: String(400_000_000_000 + at),
          SizeBytes: JSON.stringify(image({ newImage, oldImage })).length,
          StreamViewType: 'NEW_AND_OLD_IMAGES' as const,
        },
        eventSourceARN: `${arn('dynamodb', 'table/Patients')}/stream/2026-01-05T00:00:00.000`,
      }
    }),
  }
}
