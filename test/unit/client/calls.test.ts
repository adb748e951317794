import { clientCalls } from './calls.contract.ts';

clientCalls('Node');
