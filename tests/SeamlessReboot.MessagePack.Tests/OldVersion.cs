namespace MessagePackTests;

/// <summary>The shapes of state in one version of a server.</summary>
public static class OldVersion
{
    [MessagePackObject]
    public sealed class Player
    {
        [Key("nick")]
        public string? Nick { get; set; }

        [Key("room")]
        public string Room { get; set; } = "hall";

        [Key("title")]
        public string? Title { get; set; }

        [Key("level")]
        public int Level { get; set; }

        [Key("mail")]
        public List<Letter> Mail { get; set; } = [];
    }

    [MessagePackObject]
    public sealed class Letter
    {
        [Key("sender")]
        public string? Sender { get; set; }
    }

    [MessagePackObject]
    public sealed class Account
    {
        [Key(0)]
        public string? Nick { get; set; }

        [Key(1)]
        public string? Motto { get; set; }

        [Key(2)]
        public int Visits { get; set; }
    }
}
