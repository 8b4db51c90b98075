using Talker.Accounts;
using Talker.Telnet;

namespace Talker.Players;

internal sealed partial class Player
{
    private const int MostAttempts = 3, ShortestPassword = 6;

    private void Greet()
    {
        Write(Negotiation.Open(State.Telnet));
        Send("");
        Send("  Welcome to the talker.");
        Send("  You were here before? Give your name. You are new? Give the name that you would like.");
        Send("");
        Ask(Stage.Name);
    }

    private async Task LogInAsync(string line)
    {
        if (State.Stage == Stage.Name)
        {
            TakeName(line.Trim());
            return;
        }

        // Hashing is slow on purpose. A reboot does not wait for those in the queue: their line stays unread and comes again.
        await House.Hashing.WaitAsync(Suspending);
        try
        {
            Send(""); // the client did not show the return key either
            if (State.Stage == Stage.Password)
                TakePassword(line);
            else if (State.Stage == Stage.NewPassword)
                TakeNewPassword(line);
            else
                Confirm(line);
        }
        finally
        {
            House.Hashing.Release();
        }
    }

    private void TakeName(string typed)
    {
        if (AccountStore.NameOf(typed) is not string name)
        {
            if (typed.Length > 0)
                Send("A name has 2 to 16 letters, a to z.");
            Ask(Stage.Name);
            return;
        }

        State.Name = name;
        if (House.Accounts.Find(name) is not null)
        {
            Ask(Stage.Password);
            return;
        }

        Send($"Nobody called {name} has been here yet. To come in as {name}, choose a password; otherwise press return.");
        Ask(Stage.NewPassword);
    }

    private void TakePassword(string typed)
    {
        if (House.Accounts.Find(Name) is Account account && account.Password.Matches(typed))
        {
            Enter(account);
            return;
        }

        State.Attempts++;
        Send($"That is not {Name}'s password.");
        if (State.Attempts < MostAttempts)
        {
            Ask(Stage.Name);
            return;
        }

        Send("Goodbye.");
        Leave();
    }

    private void TakeNewPassword(string typed)
    {
        if (typed.Length == 0)
        {
            Ask(Stage.Name);
        }
        else if (typed.Length < ShortestPassword)
        {
            Send($"Choose one with at least {ShortestPassword} characters.");
            Ask(Stage.NewPassword);
        }
        else
        {
            State.Chosen = PasswordHash.Of(typed);
            Ask(Stage.Confirm);
        }
    }

    private void Confirm(string typed)
    {
        PasswordHash chosen = State.Chosen!;
        State.Chosen = null;
        if (!chosen.Matches(typed))
        {
            Send("That was not the same. Choose again.");
            Ask(Stage.NewPassword);
        }
        else if (House.Accounts.Create(Name, chosen) is Account account)
        {
            Enter(account);
        }
        else
        {
            Send("Somebody else has just taken that name.");
            Ask(Stage.Name);
        }
    }

    private void Ask(Stage stage)
    {
        State.Stage = stage;
        Write(Negotiation.HideTyping(State.Telnet, hide: stage != Stage.Name));
        Prompt(stage switch
        {
            Stage.Name => "Name: ",
            Stage.Password => "Password: ",
            Stage.NewPassword => "New password: ",
            _ => "The same again: ",
        });
    }

    private void Enter(Account account)
    {
        State.IsAdmin = account.IsAdmin;
        State.EnteredAt = DateTime.UtcNow;
        Write(Negotiation.HideTyping(State.Telnet, hide: false));
        Send($"Welcome, {Name}. To talk, type; for all else there is 'help'.");
        if (account.IsAdmin)
            Send("You are an admin: 'help reboot' says what that is good for.");
        if (House.Mail.Read(Name).Count is > 0 and int count)
            Send($"You have mail ({count}): type 'read'.");
        House.Enter(this);
        SaveState(); // a crash must not send them back to the door
        House.Commands.Run(this, ".look");
    }
}
