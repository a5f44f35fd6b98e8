import { tellStory } from './story.ts';

tellStory('kafka');
