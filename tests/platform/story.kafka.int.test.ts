// @module-tag kafka
// @module-tag java
import { tellStory } from './story.ts';

tellStory('kafka');
