import { own, ownObject, ownText } from './own.ts'

/** AWS services that call a function by themselves, so that no client's connection is behind the event. */
export type ServiceSource =
  | 'sqs'
  | 'sns'
  | 'kinesis'
  | 'dynamodb-stream'
  | 's3'
  | 'eventbridge'
  | 'firehose'
  | 'kafka'
  | 'mq'
  | 'cognito'
  | 'service'

/** `eventSource` of a record, or of the whole event. */
const names: ReadonlyMap<string, ServiceSource> = new Map<string, ServiceSource>([
  ['aws:sqs', 'sqs'],
  ['aws:sns', 'sns'],
  ['aws:kinesis', 'kinesis'],
  ['aws:dynamodb', 'dynamodb-stream'],
  ['aws:s3', 's3'],
  ['aws:ses', 'service'],
  ['aws:codecommit', 'service'],
  ['aws:kafka', 'kafka'],
  ['SelfManagedKafka', 'kafka'],
  ['aws:SelfManagedKafka', 'kafka'],
  ['aws:mq', 'mq'],
  ['aws:amq', 'mq'],
  ['aws:rmq', 'mq'],
])

/** Sets of members that tell the services without records apart; text members unless marked otherwise. */
const shapes: readonly (readonly [ServiceSource, (event: Record<string, unknown>) => boolean])[] = [
  [
    'eventbridge',
    (event) => hasTexts(event, 'detail-type', 'source') && ownObject(event, 'detail') !== undefined,
  ],
  ['cognito', (event) => hasTexts(event, 'triggerSource', 'userPoolId')],
  ['cognito', (event) => hasTexts(event, 'identityPoolId', 'identityId', 'datasetName')],
  ['service', (event) => ownText(ownObject(event, 'awslogs'), 'data') !== undefined],
  ['service', (event) => hasTexts(event, 'alarmArn') && ownText(event, 'source') === 'aws.cloudwatch'],
  ['service', (event) => hasTexts(event, 'RequestType', 'StackId', 'ResponseURL')],
  ['service', (event) => ownObject(event, 'CodePipeline.job') !== undefined],
  ['service', (event) => hasTexts(event, 'DeploymentId', 'LifecycleEventHookExecutionId')],
  ['service', (event) => hasTexts(event, 'invokingEvent', 'configRuleArn')],
  ['service', (event) => hasTexts(event, 'invocationSchemaVersion') && Array.isArray(own(event, 'tasks'))],
  ['service', (event) => hasTexts(event, 'SecretId', 'ClientRequestToken', 'Step')],
]

const hasTexts = (event: Record<string, unknown>, ...members: readonly string[]): boolean =>
  members.every((member) => ownText(event, member) !== undefined)

/** The AWS service that an event without `requestContext` comes from, if it is one that is known. */
export const serviceSource = (event: Record<string, unknown>): ServiceSource | undefined => {
  const records = own(event, 'Records')
  if (Array.isArray(records)) {
    const [first] = records
    // SNS writes it with a capital.
    return names.get(ownText(first, 'eventSource') ?? ownText(first, 'EventSource') ?? '')
  }
  const named = names.get(ownText(event, 'eventSource') ?? '')
  if (named) return named
  // Firehose transformations and those of Kinesis Analytics.
  const [record] = listAt(event, 'records')
  if (hasTexts(event, 'invocationId') && ownText(record, 'recordId') !== undefined) return 'firehose'
  return shapes.find(([, fits]) => fits(event))?.[0]
}

const listAt = (event: Record<string, unknown>, name: string): readonly unknown[] => {
  const list = own(event, name)
  return Array.isArray(list) ? list : []
}
