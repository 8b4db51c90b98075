using Talker.Accounts;
using Talker.Mail;

namespace Talker.Players;

internal sealed partial class Player
{
    private const int MostLines = 60;

    public void StartDraft(Draft draft)
    {
        State.Draft = draft;
        State.Stage = Stage.Editing;
        Send(draft.Kind == DraftKind.Mail ? $"Write your mail to {draft.To}." : "Write what others see when they look at you.");
        Send("A line with just '.' ends it, '.l' lists it, '.q' throws it away.");
    }

    private void Edit(string line)
    {
        Draft draft = State.Draft!;
        switch (line)
        {
            case ".":
                Finish(draft);
                CloseEditor();
                break;
            case ".q":
                Send("Thrown away.");
                CloseEditor();
                break;
            case ".l":
                foreach (string written in draft.Lines)
                    Send("| " + written);
                break;
            default:
                if (draft.Lines.Count < MostLines)
                    draft.Lines.Add(line);
                else
                    Send($"It has {MostLines} lines, and that is the most. End it with '.'.");
                break;
        }
    }

    private void CloseEditor()
    {
        State.Draft = null;
        State.Stage = Stage.Playing;
    }

    private void Finish(Draft draft)
    {
        if (draft.Kind == DraftKind.Description)
        {
            Account account = House.Accounts.Find(Name) ?? throw new IOException($"The account of {Name} has gone.");
            account.Description = draft.Lines;
            House.Accounts.Save(account);
            Send("That is how others see you now.");
        }
        else if (draft.Lines.Count == 0)
        {
            Send("An empty letter is not sent.");
        }
        else if (House.Mail.Send(draft.To, new Letter(Name, DateTime.UtcNow, draft.Lines)))
        {
            Send($"Your mail to {draft.To} is sent.");
            House.Find(draft.To)?.Send($"Mail from {Name} has come for you: type 'read'.");
        }
        else
        {
            Send($"{draft.To}'s box is full.");
        }
    }
}
