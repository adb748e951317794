import { clientCalls } from '../unit/client/calls.contract.ts';

clientCalls('workerd');
