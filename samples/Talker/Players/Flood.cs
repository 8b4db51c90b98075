namespace Talker.Players;

/// <summary>How many lines a player may still send at once: a bucket that fills at a steady rate.</summary>
internal sealed class Flood
{
    private const double Burst = 20, LinesPerSecond = 10;
    private const int MostDelayed = 500;

    public double Tokens { get; set; } = Burst;

    public DateTime At { get; set; }

    /// <summary>Lines that had to wait since the bucket was half full.</summary>
    public int Delayed { get; set; }

    public bool IsTooMuch() => Delayed > MostDelayed;

    /// <returns>Zero when the line may be acted on; otherwise how long it has to wait.</returns>
    public TimeSpan Take(DateTime now)
    {
        Tokens = Math.Clamp(Tokens + ((now - At).TotalSeconds * LinesPerSecond), 0, Burst);
        At = now;
        if (Tokens >= Burst / 2)
            Delayed = 0;
        if (Tokens < 1)
        {
            Delayed++;
            return TimeSpan.FromMilliseconds(Math.Ceiling((1 - Tokens) / LinesPerSecond * 1000));
        }

        Tokens--;
        return TimeSpan.Zero;
    }
}
