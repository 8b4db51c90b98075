using System.Globalization;
using Talker.Accounts;
using Talker.Mail;
using Talker.Players;

namespace Talker.Commands;

/// <summary>Descriptions and mail.</summary>
internal static class WritingCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        new("edit", Arguments.Required, "desc", "Opens the editor for what others see when they look at you.", Edit),
        new("mail", Arguments.Required, "NAME", "Opens the editor for mail to somebody, who need not be here.", Write),
        new("read", Arguments.None, "", "Shows your mail.", Read),
        new("wipe", Arguments.None, "", "Throws your mail away.", Wipe),
    ];

    private static void Edit(Player player, string what)
    {
        if (what.Equals("desc", StringComparison.OrdinalIgnoreCase))
            player.StartDraft(new Draft { Kind = DraftKind.Description });
        else
            player.Send("Type it like this: edit desc");
    }

    private static void Write(Player player, string to)
    {
        if (AccountStore.NameOf(to) is string name && player.House.Accounts.Find(name) is not null)
            player.StartDraft(new Draft { Kind = DraftKind.Mail, To = name });
        else
            player.Send($"Nobody called {to} has an account.");
    }

    private static void Read(Player player, string rest)
    {
        IReadOnlyList<Letter> letters = player.House.Mail.Read(player.Name);
        if (letters.Count == 0)
            player.Send("You have no mail.");
        foreach (Letter letter in letters)
        {
            player.Send(string.Create(CultureInfo.InvariantCulture, $"From {letter.From}, {letter.SentAt:d MMMM yyyy HH:mm} UTC:"));
            foreach (string line in letter.Lines)
                player.Send("  " + line);
        }
    }

    private static void Wipe(Player player, string rest)
    {
        player.House.Mail.Clear(player.Name);
        player.Send("Your box is empty.");
    }
}
